import { beforeAll, describe, expect, it } from 'vitest';
import { interfaces } from '../contract/interface-vectors.ts';
import { formatHash } from '../support/format-hash.ts';
import { compileInterfaces } from './compiled-interfaces.ts';
import { interfaceSeed, randomInterfaces } from './random-interfaces.ts';
import { reference } from './reference.ts';
import { rustTrait } from './rust-trait.ts';

// The macro names constants after methods, which fails for a raw name: `METHOD_R#TYPE` is no identifier.
const { RawIdentMethod: _refusedByTheMacro, ...compilable } = interfaces;
const known = Object.values(compilable);
const random = randomInterfaces(300, interfaceSeed);
const all = [...known, ...random];

/** With spaces where nobody writes them. */
const airy = (rust: string) => rust.replaceAll(/[<(),;&[\]]|(?<!-)>/g, ' $& ');

describe.skipIf(reference.digest === undefined)('the hash that the Rust macro gives', () => {
  let compiled: ReadonlyMap<string, string>;

  beforeAll(() => {
    compiled = compileInterfaces(
      all.flatMap(({ name }) => [name, `${name}Airy`]),
      all.flatMap((each) => [rustTrait(each), rustTrait(each, { name: `${each.name}Airy`, printType: airy })]),
    );
  }, 600_000);

  it.each(known)('to $name is ours', ({ name, hash }) => {
    expect(compiled.get(name)).toBe(formatHash(hash));
  });

  it(`to ${random.length} random interfaces (seed ${interfaceSeed}) is ours`, () => {
    const differing = random.filter(({ name, hash }) => compiled.get(name) !== formatHash(hash));

    expect(
      differing.map((each) => ({ trait: rustTrait(each), signatures: each.methods.map((m) => m.signature) })),
    ).toEqual([]);
  });

  it('does not depend on how the source is spaced', () => {
    const differing = all.filter(({ name }) => compiled.get(name) !== compiled.get(`${name}Airy`));

    expect(differing.map((each) => rustTrait(each))).toEqual([]);
  });
});
