import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fnv1a64, interfaceHash } from '../../src/contract/hash/interface-hash.ts';
import { signatureOf } from '../../src/contract/interface.ts';
import { formatHash } from '../../src/errors/load-error.ts';
import { interfaces } from './interface-vectors.ts';

const vectors = JSON.parse(readFileSync('test/fixtures/vectors/interface-hash.json', 'utf8')) as {
  readonly fnv1a64: readonly { readonly utf8: string; readonly fnv1a64: string }[];
  readonly interfaces: readonly {
    readonly id: string;
    readonly methods: readonly { readonly name: string; readonly signature: string }[];
    readonly hash: string;
    readonly rustStubHash: string;
  }[];
};

const hashOf = (id: string) => formatHash(interfaces[id]?.hash ?? 0n);

describe('FNV-1a 64', () => {
  it.each(vectors.fnv1a64)('of $utf8 is $fnv1a64', ({ utf8, fnv1a64: expected }) => {
    expect(formatHash(fnv1a64(Buffer.from(utf8)))).toBe(expected);
  });
});

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
  it('is a bigint, also where the first digits are zeros', () => {
    expect(interfaces['Greeter']?.hash).toBe(0xd66a33343f4b2077n);
    expect(formatHash(0x2an)).toBe('0x000000000000002a');
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

  it('differs between the two spellings only where a comma, a semicolon or a parenthesis follows a name', () => {
    const bothHashes = (id: string) => {
      const signatures = interfaces[id]?.methods.map(signatureOf) ?? [];
      return [interfaceHash(signatures, 'compiler'), interfaceHash(signatures, 'standalone')];
    };
    const [compiler, standalone] = bothHashes('ResultString');

    expect(compiler).toBe(0x7a527a81aa41e5adn);
    expect(standalone).toBe(0xf75fdebe59987dd5n);
    expect(interfaces['ResultString']?.descriptor.standaloneHash).toBe(standalone);
    expect(new Set(bothHashes('RawResult')).size).toBe(1);
  });
});
