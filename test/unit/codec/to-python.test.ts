import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPythons } from '../../support/pythons.ts';
import { ValuePeer } from '../support/value-peer.ts';

class Overridden extends Date {
  override getTime(): number {
    return 1e12;
  }
  override valueOf(): number {
    return 1e12;
  }
}

class Disguised extends Float32Array {
  override get [Symbol.toStringTag](): never {
    return 'Float64Array' as never;
  }
}

function onceGetter(): object {
  let count = 0;
  return Object.defineProperty({}, 'a', { enumerable: true, get: () => (count += 1) });
}

function mixedKeys(): Map<unknown, number> {
  const keys = [1, '1', null, 2.5, Uint8Array.of(1), NaN];
  return new Map(keys.map((key, index) => [key, index + 1]));
}

function argumentsOf(..._args: unknown[]): unknown {
  // oxlint-disable-next-line prefer-rest-params -- its object is what this is about
  return arguments;
}

class Rows extends Array<number> {}

const buffer = Uint8Array.from([1, 2, 3, 4]).buffer;

describe.each(findPythons())('what CPython $version gets', (python) => {
  let peer: ValuePeer;
  beforeAll(() => {
    peer = new ValuePeer(python);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  it.each<[string, unknown, string]>([
    ['null', null, 'None'],
    ['undefined', undefined, 'None'],
    ['a boolean', true, 'True'],
    ['an integer', 3, '3'],
    ['a negative integer', -70_000, '-70000'],
    ['the largest safe integer', Number.MAX_SAFE_INTEGER, '9007199254740991'],
    ['the least safe integer', Number.MIN_SAFE_INTEGER, '-9007199254740991'],
    ['a whole number that is no safe integer', 2 ** 53, '9007199254740992.0'],
    ['minus zero', -0, '-0.0'],
    ['a fraction', 0.1, '0.1'],
    ['an infinity', -Infinity, '-inf'],
    ['no number', NaN, 'nan'],
    ['a bigint', 2n ** 70n, '1180591620717411303424'],
    ['a small bigint', -1n, '-1'],
    ['a string', 'naïve 😀', "'naïve 😀'"],
    ['a long string', 'é'.repeat(200), `'${'é'.repeat(200)}'`],
    ['a Uint8Array', Uint8Array.from([0, 255]), String.raw`b'\x00\xff'`],
    ['a Buffer', Buffer.from('ab'), "b'ab'"],
    ['an ArrayBuffer', buffer, String.raw`b'\x01\x02\x03\x04'`],
    ['a DataView', new DataView(buffer, 1, 2), String.raw`b'\x02\x03'`],
    ['a SharedArrayBuffer', new SharedArrayBuffer(2), String.raw`b'\x00\x00'`],
    ['an empty typed array', new Uint8Array(), "b''"],
    ['an array', [1, [undefined]], '[1, [None]]'],
    ['an instance of a subclass of Array', Rows.of(1, 2), '[1, 2]'],
    ['an array with a hole', Array.from({ length: 1 }).concat([1]), '[None, 1]'],
    ['an object', { a: 1, 'b c': { d: undefined } }, "{'a': 1, 'b c': {'d': None}}"],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), "{'a': 1}"],
    ['an object of another realm', runInNewContext('({ a: new Map([[1, [2]]]) })'), "{'a': {1: [2]}}"],
    ['a key that names the prototype', JSON.parse('{"__proto__": {"a": 1}}'), "{'__proto__': {'a': 1}}"],
    [
      'a Map',
      new Map<unknown, unknown>([
        [1, 'one'],
        ['two', null],
      ]),
      "{1: 'one', 'two': None}",
    ],
    ['a Set', new Set([5]), '{5}'],
    ['an empty Set', new Set(), 'set()'],
    ['an empty object', {}, '{}'],
    [
      'a Date',
      new Date('2024-02-29T12:30:15.250Z'),
      'datetime.datetime(2024, 2, 29, 12, 30, 15, 250000, tzinfo=datetime.timezone.utc)',
    ],
    [
      'the first moment of Python',
      new Date('0001-01-01T00:00:00Z'),
      'datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)',
    ],
    [
      'the last moment of Python',
      new Date('9999-12-31T23:59:59.999Z'),
      'datetime.datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=datetime.timezone.utc)',
    ],
    ['an array of another realm', runInNewContext('[1, [2], new Set([3])]'), '[1, [2], {3}]'],
    ['a typed array of another realm', runInNewContext('[new Uint8Array([1, 2])]'), String.raw`[b'\x01\x02']`],
    ['a date of another realm', runInNewContext('[new Date(0).constructor.name, new Map()]'), "['Date', {}]"],
    ['a frozen object', Object.freeze({ a: Object.freeze([1]) }), "{'a': [1]}"],
    ['a proxy of an object', new Proxy({ a: 1 }, { get: () => 2 }), "{'a': 2}"],
    ['a proxy of an array', new Proxy([1, 2], {}), '[1, 2]'],
    ['a getter, asked once', onceGetter(), "{'a': 1}"],
    ['a Map with keys of many types', mixedKeys(), String.raw`{1: 1, '1': 2, None: 3, 2.5: 4, b'\x01': 5, nan: 6}`],
    ['the items of a match, and nothing else of it', /(?<letter>b)/.exec('abc'), "['b', 'b']"],
    ['the items of an array, and none of its other properties', Object.assign([1], { total: 5 }), '[1]'],
    ['the entries of a Map, and none of its properties', Object.assign(new Map([[1, 2]]), { total: 5 }), '{1: 2}'],
    ['no property with a symbol as key', { a: 1, [Symbol('s')]: 2 }, "{'a': 1}"],
    ['no property that is not enumerable', Object.defineProperty({ a: 1 }, 'b', { value: 2 }), "{'a': 1}"],
    ['the arguments of a function, as an object', argumentsOf(7, 8), "{'0': 7, '1': 8}"],
    [
      'a Date whose methods are overridden',
      new Overridden(0),
      'datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)',
    ],
  ])('%s as its counterpart', async (_what, value, repr) => {
    const answer = await peer.evaluate('repr(arg)', [value]);

    expect(answer).toBe(repr);
  });

  it.each([
    [Int8Array, 'b'],
    [Uint8ClampedArray, 'B'],
    [Int16Array, 'h'],
    [Uint16Array, 'H'],
    [Int32Array, 'i'],
    [Uint32Array, 'I'],
    [Float32Array, 'f'],
    [Float64Array, 'd'],
  ])('a %o as a memoryview', async (type, format) => {
    const answer = await peer.evaluate('[type(arg).__name__, arg.format, arg.tolist()]', [
      new type(new type([9, 1, 2, 9]).buffer, type.BYTES_PER_ELEMENT, 2),
    ]);

    expect(answer).toEqual(['memoryview', format, [1, 2]]);
  });

  it('a typed array with the items it has, whatever its class says', async () => {
    const answer = await peer.evaluate('[arg.format, arg.tolist()]', [Disguised.of(1.5, 2)]);

    expect(answer).toEqual(['f', [1.5, 2]]);
  });

  it('every Date of many as the moment it is', async () => {
    const dates = Array.from({ length: 300 }, (_, index) => new Date(index * 1e9 + index));

    const answer = await peer.evaluate('[round(each.timestamp() * 1000) for each in arg]', [dates]);

    expect(answer).toEqual(dates.map(Number));
  });

  it('every key of more than a pickle can name in one byte', async () => {
    const rows = Array.from({ length: 3 }, () =>
      Object.fromEntries(Array.from({ length: 700 }, (_, index) => [`key ${index}`, index])),
    );

    const answer = await peer.evaluate("[row == {f'key {i}': i for i in range(700)} for row in arg]", [rows]);

    expect(answer).toEqual([true, true, true]);
  });

  it('two equal copies of an object that is passed twice', async () => {
    const shared = { a: [] };

    const answer = await peer.evaluate('[arg[0] == arg[1], arg[0] is arg[1]]', [[shared, shared]]);

    expect(answer).toEqual([true, false]);
  });
});
