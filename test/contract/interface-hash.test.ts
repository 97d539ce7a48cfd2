import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type AnyType, defineInterface, type Methods, method, t } from '../../src/index.ts';
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

  it('is text too, with 16 digits', () => {
    expect(interfaces['Greeter']?.hashHex).toBe('0xd66a33343f4b2077');
    expect(interfaces['ResultString']?.hashHex).toBe('0x7a527a81aa41e5ad');
    expect(interfaces['RawIdentMethod']?.hashHex).toMatch(/^0x[0-9a-f]{16}$/);
  });

  it.each<[string, AnyType, AnyType]>([
    ['t.datetime', t.datetime, t.string],
    ['t.naiveDatetime', t.naiveDatetime, t.string],
    ['t.date', t.date, t.string],
    ['t.decimal', t.decimal, t.string],
    ['t.uuid', t.uuid, t.string],
    ['t.int53', t.int53, t.i64],
    ['t.uint53', t.uint53, t.u64],
    ['t.ndarray() of bytes', t.ndarray('uint8'), t.bytes],
    ['t.ndarray() of floats', t.ndarray('float64'), t.list(t.f64)],
    ['t.ndarray() of two dimensions', t.ndarray('float32', 2), t.list(t.list(t.f32))],
    ['t.ndarray() of three dimensions', t.ndarray('bool', 3), t.list(t.list(t.list(t.bool)))],
    ['t.ndarray() of integers', t.ndarray('int64', 1), t.list(t.i64)],
    ['t.ndarray() of short integers', t.ndarray('uint16', 1), t.list(t.u16)],
  ])('of %s is that of its Rust type', (_name, type, rust) => {
    const hashes = [type, rust].map((each) => {
      const methods = { work: method({ value: each }, t.option(each)) };
      return defineInterface('Work', { version: 1, methods }).hash;
    });

    expect(hashes[0]).toBe(hashes[1]);
  });

  it('of objects and arrays is what the Rust macro makes of their Rust types', () => {
    const hashesOf = (methods: Methods) => defineInterface('Any', { version: 1, methods }).hashHex;

    expect({
      greeter: hashesOf({ greet: method({ when: t.datetime }, t.decimal) }),
      twoArgs: hashesOf({ add_direct: method({ a: t.int53, b: t.int53 }, t.int53) }),
      bytes: hashesOf({
        name: method({}, t.uuid),
        reverse: method({ data: t.ndarray('uint8') }, t.ndarray('uint8')),
      }),
    }).toEqual({ greeter: hashOf('Greeter'), twoArgs: hashOf('TwoArgs'), bytes: hashOf('BytePipeTyped') });
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
