import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type AnyType, fromJson, t, toJson } from '../../src/index.ts';
import { failureOf } from '../support/failure.ts';

const shared = [1];
const cyclic: unknown[] = [];
cyclic.push({ inner: cyclic });

describe('toJson', () => {
  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'null'],
    ['plain values', { a: [1, 'x', true, null, undefined], __proto__: null }, '{"a":[1,"x",true,null,null]}'],
    ['a bigint that a number represents', [1n, -(2n ** 53n - 1n)], '[1,-9007199254740991]'],
    ['a larger bigint', [2n ** 53n, -(2n ** 64n)], '["9007199254740992","-18446744073709551616"]'],
    ['floats without a form in JSON', [Number.NaN, -Infinity, Infinity], '["NaN","-Infinity","Infinity"]'],
    [
      'bytes',
      { data: Uint8Array.of(255, 0, 1), part: Buffer.from('abc').subarray(1) },
      '{"data":"/wAB","part":"YmM="}',
    ],
    [
      'a typed array',
      [Float64Array.of(1.5, Number.NaN), BigInt64Array.of(2n ** 62n)],
      '[[1.5,"NaN"],["4611686018427387904"]]',
    ],
    [
      'an array with its shape',
      { dtype: 'int8', shape: [1, 1], data: Int8Array.of(1) },
      '{"dtype":"int8","shape":[1,1],"data":[1]}',
    ],
    ['a Map with names', new Map([['a', 1n]]), '{"a":1}'],
    [
      'a Map with other keys',
      new Map<unknown, unknown>([
        [1n, 'one'],
        ['a', 2],
      ]),
      '[[1,"one"],["a",2]]',
    ],
    ['a Set', new Set([1n, 'x']), '[1,"x"]'],
    ['a Date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['an object that occurs twice', [shared, shared], '[[1],[1]]'],
    ['a key that is the name of the prototype', JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
    ['an object of another realm', vm.runInNewContext('({ a: new Map([[1, 2]]) })'), '{"a":[[1,2]]}'],
    ['a hole', [, 1], '[null,1]'], // oxlint-disable-line no-sparse-arrays
  ])('converts %s', (_what, value, json) => {
    expect(JSON.stringify(toJson(value))).toBe(json);
  });

  it('writes every bigint as text on request', () => {
    expect(toJson([1n, 1, 2n ** 70n], { bigints: 'text' })).toEqual(['1', 1, String(2n ** 70n)]);
  });

  it('does not change the value', () => {
    const value = { a: [1n], b: new Map([[1, 2n]]) };
    toJson(value);

    expect(value).toEqual({ a: [1n], b: new Map([[1, 2n]]) });
  });

  it.each<[string, unknown, string]>([
    ['a function', { a: [() => 1] }, 'Cannot write value.a[0] as JSON: a function has no form in JSON'],
    ['a symbol', Symbol('x'), 'Cannot write value as JSON: a symbol has no form in JSON'],
    [
      'an instance of a class',
      new (class Row {})(),
      'Cannot write value as JSON: an instance of Row has no form in JSON',
    ],
    ['a value that contains itself', cyclic, 'Cannot write value[0].inner as JSON: it contains itself'],
  ])('rejects %s', async (_what, value, message) => {
    expect(await failureOf(() => toJson(value))).toMatchObject({ code: 'FIDIUS_VALUE_JSON', message });
  });

  it('rejects unknown options', async () => {
    expect(await failureOf(() => toJson(1, { bigint: 'text' } as never))).toMatchObject({
      code: 'FIDIUS_OPTION_UNKNOWN',
    });
    expect(await failureOf(() => toJson(1, { bigints: 'x' as never }))).toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
    });
  });
});

describe('fromJson', () => {
  const Row = t.struct('Row', { id: t.u64, data: t.option(t.bytes), price: t.f64 });

  it.each<[string, AnyType, unknown, unknown]>([
    ['digits of a large integer', t.i64, '-9223372036854775808', -(2n ** 63n)],
    ['a number', t.i64, 7, 7],
    ['base64', t.bytes, '/wAB', Uint8Array.of(255, 0, 1)],
    ['a float', t.list(t.f64), [1.5, 'NaN', '-Infinity'], [1.5, Number.NaN, -Infinity]],
    ['text, which stays text', t.list(t.string), ['NaN', '1', '/wAB'], ['NaN', '1', '/wAB']],
    [
      'a struct',
      Row,
      { id: '18446744073709551615', data: 'AA==', price: 'Infinity' },
      { id: 2n ** 64n - 1n, data: Uint8Array.of(0), price: Infinity },
    ],
    ['None', Row, { id: 1, data: null, price: 1 }, { id: 1, data: null, price: 1 }],
    ['pairs', t.map(t.u64, t.bytes), [['18446744073709551615', 'AA==']], new Map([[2n ** 64n - 1n, Uint8Array.of(0)]])],
    ['an empty Map', t.map(t.u64, t.u8), {}, new Map()],
    ['a variant', t.enum('E', { Dot: t.unit, Data: t.bytes }), { Data: 'AA==' }, { Data: Uint8Array.of(0) }],
    ['a tuple', t.tuple(t.bytes, t.string), ['AA==', 'AA=='], [Uint8Array.of(0), 'AA==']],
    ['an array of bytes', t.ndarray('uint8'), '/wAB', Uint8Array.of(255, 0, 1)],
    [
      'an array of integers',
      t.ndarray('int64', 2),
      { dtype: 'int64', shape: [1, 1], data: ['4611686018427387904'] },
      { dtype: 'int64', shape: [1, 1], data: [2n ** 62n] },
    ],
    ['nested arrays', t.ndarray('float64', 2), [['NaN', 1]], [[Number.NaN, 1]]],
    ['what the call will reject', t.bytes, 3, 3],
  ])('restores %s', (_what, type, value, restored) => {
    expect(fromJson(type, value)).toEqual(restored);
  });

  it.each<[string, AnyType, unknown, string]>([
    [
      'text that is not base64',
      t.list(t.bytes),
      ['AA==', 'A*=='],
      'Cannot read value[1] as JSON: it must be base64, got "A*=="',
    ],
    ['base64 without its end', t.bytes, 'AA', 'Cannot read value as JSON: it must be base64, got "AA"'],
    [
      'text without digits',
      t.map(t.string, t.i64),
      { a: '1.0' },
      'Cannot read value.a as JSON: it must be an integer, or its digits as text, got "1.0"',
    ],
    [
      'an item that is no pair',
      t.map(t.u8, t.u8),
      [[1, 2], [1]],
      'Cannot read value[1] as JSON: it must be a key and a value, got an array of 1',
    ],
  ])('rejects %s', async (_what, type, value, message) => {
    expect(await failureOf(() => fromJson(type, value))).toMatchObject({ code: 'FIDIUS_VALUE_JSON', message });
  });

  it('rejects what is no type', async () => {
    expect(await failureOf(() => fromJson({} as never, 1))).toMatchObject({ code: 'FIDIUS_INTERFACE_INVALID' });
  });
});
