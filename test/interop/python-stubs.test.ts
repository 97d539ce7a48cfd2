import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Interface } from '../../src/index.ts';
import { generatePythonStub } from '../../src/packaging.ts';
import { interfaces } from '../contract/interface-vectors.ts';
import { formatHash } from '../support/format-hash.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { interfaceSeed, randomInterfaces } from './random-interfaces.ts';
import { reference, rustFidiusOk } from './reference.ts';
import { rustTrait } from './rust-trait.ts';

const known = Object.values(interfaces);
// Each costs a start of their program; those that the macro is asked about are more.
const random = randomInterfaces(60, interfaceSeed);
const all = [...known, ...random];

describe.skipIf(reference.cli === undefined)('the python-stub command of Rust', () => {
  it('writes the hash that our stub has, where it is right', () => {
    const right = all.filter(({ descriptor }) => descriptor.rustStubHash === descriptor.interfaceHash);

    expect(right.length).toBeGreaterThan(20);
    expect(right.map((each) => hashIn(rustStub(each)))).toEqual(right.map((each) => hashIn(generatePythonStub(each))));
  });

  it.each(known)('writes for $name what the error of a wrong hash knows it by', (definition) => {
    expect(hashIn(rustStub(definition))).toBe(formatHash(definition.descriptor.rustStubHash ?? 0n));
  });

  it(`writes for ${random.length} random interfaces (seed ${interfaceSeed}) what that error knows them by`, () => {
    const differing = random.filter(
      (each) => hashIn(rustStub(each)) !== formatHash(each.descriptor.rustStubHash ?? 0n),
    );

    expect(differing.map((each) => rustTrait(each))).toEqual([]);
  });
});

function rustStub(definition: Interface): string {
  const source = join(tempFolder(), 'interface.rs');
  writeFileSync(source, rustTrait(definition));
  return rustFidiusOk('python-stub', '--interface', source, '--out', '-');
}

function hashIn(stub: string): string | undefined {
  return /^__interface_hash__ = (0x[0-9a-f]{16})$/m.exec(stub)?.[1];
}
