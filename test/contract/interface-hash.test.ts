import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatHash } from '../support/format-hash.ts';
import { interfaces } from './interface-vectors.ts';

const vectors = JSON.parse(readFileSync('test/fixtures/vectors/interface-hash.json', 'utf8')) as {
  readonly interfaces: readonly {
    readonly id: string;
    readonly methods: readonly { readonly name: string; readonly signature: string }[];
    readonly hash: string;
    readonly rustStubHash: string;
  }[];
};

const hashOf = (id: string) => formatHash(interfaces[id]?.hash ?? 0n);

describe('an interface defined in TypeScript', () => {
  it.each(vectors.interfaces)('hashes as the Rust macro hashes $id', ({ id, hash }) => {
    expect(hashOf(id)).toBe(hash);
  });

  it.each(vectors.interfaces)('has the methods and signatures of $id', ({ id, methods }) => {
    const list = interfaces[id]?.methods.map(({ name, signature }) => ({ name, signature }));

    expect(list).toEqual(methods.map(({ name, signature }) => ({ name, signature })));
  });

  it.each(vectors.interfaces)(
    'knows what the python-stub command of Rust writes for $id',
    ({ id, rustStubHash: expected }) => {
      expect(formatHash(interfaces[id]?.descriptor.rustStubHash ?? 0n)).toBe(expected);
    },
  );

  it('has every one of the vectors', () => {
    expect(Object.keys(interfaces)).toEqual(vectors.interfaces.map(({ id }) => id));
  });
});

describe('the interface hash', () => {
  it('is a bigint', () => {
    expect(interfaces['Greeter']?.hash).toBe(0xd66a33343f4b2077n);
  });

  it('does not change with the order of the methods', () => {
    expect(hashOf('BytePipe')).toBe(hashOf('BytePipeReordered'));
  });

  it('does not count optional methods', () => {
    expect(hashOf('OnlyOptional')).toBe(hashOf('Empty'));
  });

  it.each([
    ['raw from typed', 'BytePipe', 'BytePipeTyped'],
    ['a stream from one item', 'Ticker', 'TickerUnary'],
    ['no return from a unit', 'ZeroArgNoReturn', 'ExplicitUnitReturn'],
    ['String from string', 'ZeroArgString', 'CaseSensitive'],
  ])('tells %s', (_what, one, other) => {
    expect(hashOf(one)).not.toBe(hashOf(other));
  });
});
