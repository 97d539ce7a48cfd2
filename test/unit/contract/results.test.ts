import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { IntegralFloat, MissingValue } from '../../../src/codec/intermediate-values.ts';
import { defineInterface } from '../../../src/contract/interface.ts';
import { method } from '../../../src/contract/method.ts';
import { t } from '../../../src/contract/t.ts';
import type { AnyType } from '../../../src/contract/type.ts';
import { failureOf } from '../../support/failure.ts';
import { runIsolated } from '../../support/isolated.ts';

const Row = t.struct('Row', { id: t.u32, price: t.f64, note: t.option(t.string) });
const Shape = t.enum('Shape', {
  Unit: t.unit,
  New: t.u32,
  Tup: t.tuple(t.u32, t.u32),
  St: { w: t.u32, h: t.u32 },
});
const three = new IntegralFloat(3);
const nat = new MissingValue('NaT');
const row = { id: 1, price: 3, note: null };

describe('a result', () => {
  it.each<[string, AnyType, unknown, unknown]>([
    ['a bool', t.bool, false, false],
    ['a small integer', t.u8, 255, 255],
    ['a large integer', t.i64, 7, 7n],
    ['an integer beyond 2^53', t.u64, 2n ** 64n - 1n, 2n ** 64n - 1n],
    ['an integer beyond 2^64', t.i128, -(2n ** 127n), -(2n ** 127n)],
    ['a float', t.f64, 1.5, 1.5],
    ['a whole float', t.f64, three, 3],
    ['a negative zero', t.f64, new IntegralFloat(-0), -0],
    ['an int for a float', t.f64, 3, 3],
    ['a large but exact int for a float', t.f64, 2n ** 60n, 2 ** 60],
    ['an infinity', t.f64, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['a float of 32 bits', t.f32, 0.1, Math.fround(0.1)],
    ['a character', t.char, '😀', '😀'],
    ['a string', t.string, 'é', 'é'],
    ['None for a unit', t.unit, null, undefined],
    ['an empty list for a unit', t.unit, [], undefined],
    ['bytes', t.bytes, new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    ['a list of small integers for bytes', t.bytes, [1, 2], new Uint8Array([1, 2])],
    ['a list', t.list(t.f64), [three, 1, 0.5], [3, 1, 0.5]],
    ['an array of numpy', t.list(t.f64), new Float64Array([1, 0.5]), [1, 0.5]],
    ['an array of numpy, of integers', t.list(t.i32), new BigInt64Array([1n, -2n]), [1, -2]],
    ['an array of numpy, of large integers', t.list(t.u64), new BigUint64Array([2n ** 63n]), [2n ** 63n]],
    ['an array of numpy, of bytes', t.list(t.u8), new Uint8Array([1, 2]), [1, 2]],
    ['a fixed array', t.array(t.bool, 2), [true, false], [true, false]],
    ['a tuple', t.tuple(t.u8, t.option(t.string)), [1, null], [1, null]],
    ['None', t.option(t.list(t.u8)), null, null],
    ['a missing value', t.option(t.list(t.u8)), nat, null],
    ['a missing value in a field', Row, { id: 1, price: three, note: nat }, row],
    ['a missing value of no declared type', t.option(t.named('Value')), nat, null],
    ['NaN, which is no missing value', t.option(t.f64), Number.NaN, Number.NaN],
    ['what an option may hold', t.option(t.list(t.u8)), [1], [1]],
    ['a dict of strings', t.map(t.string, t.f64), { b: three, a: 1 }, { b: 3, a: 1 }],
    ['a dict of numbers', t.map(t.u64, t.bool), new Map([[1, true]]), new Map([[1n, true]])],
    ['an empty dict for a map of numbers', t.map(t.u64, t.bool), {}, new Map()],
    ['pairs for a map of numbers', t.map(t.u8, t.string), [[1, 'a']], new Map([[1, 'a']])],
    ['pairs for a map of strings', t.map(t.string, t.u8), [['a', 1]], { a: 1 }],
    ['a dict for a struct', Row, { price: three, id: 1, note: 'x' }, { id: 1, price: 3, note: 'x' }],
    ['a dict without an optional key', Row, { id: 1, price: three }, row],
    ['a dict with more keys', Row, { id: 1, price: three, note: null, more: 1 }, row],
    [
      'a dict with other keys beside',
      Row,
      new Map<unknown, unknown>([
        ['id', 1],
        ['price', 3],
        [7, 8],
      ]),
      row,
    ],
    ['a tuple for a struct', Row, [1, three, null], row],
    ['a name for a variant', Shape, 'Unit', 'Unit'],
    ['a dict for a variant without data', Shape, { Unit: null }, 'Unit'],
    ['a variant with one value', Shape, { New: 1 }, { New: 1 }],
    ['a variant with several values', Shape, { Tup: [1, 2] }, { Tup: [1, 2] }],
    ['a variant with named values', Shape, { St: { w: 1, h: 2 } }, { St: { w: 1, h: 2 } }],
    ['a type of another name', t.named('Box<Row>', Row), { id: 1, price: three, note: null }, row],
    [
      'anything',
      t.named('Value'),
      { a: [three, new Map([[three, three]]), new Set([three])] },
      { a: [3, new Map([[3, 3]]), new Set([3])] },
    ],
    ['anything that is a float', t.named('Value'), three, 3],
  ])('comes as its type says: %s', (_what, type, value, expected) => {
    expect(read(type, value)).toStrictEqual(expected);
  });

  it('without a declared type is None', async () => {
    expect(codecOf(undefined).readResult(null)).toBeUndefined();
    expect((await failureOf(() => codecOf(undefined).readResult(3))).message).toBe('m(): result must be None, got 3');
  });

  it('of a method that may fail is read as what it holds when it does not', () => {
    expect(codecOf(t.result(t.u64)).readResult(1)).toBe(1n);
  });

  it('of a stream is read item by item', () => {
    expect(codecOf(t.stream(Row)).readResult([1, three, null])).toEqual(row);
  });

  it('leaves alone what it was read from, since Python may have returned one object in several places', () => {
    const shared = { id: 1, price: three, note: null };

    const rows = read(t.list(Row), [shared, shared]);

    expect(rows).toEqual([row, row]);
    expect(shared.price).toBe(three);
  });

  it('keeps what is called __proto__ as data', () => {
    const entries = JSON.parse('{"__proto__": 1}') as unknown;

    expect(Object.entries(read(t.map(t.string, t.u8), entries) as object)).toEqual([['__proto__', 1]]);
    const struct = read(t.struct('S', { ['__proto__']: t.u8 }), entries) as object;
    expect(Object.entries(struct)).toEqual([['__proto__', 1]]);
    expect(Object.getPrototypeOf(struct)).toBe(Object.prototype);
  });

  it('of no declared type may be nested as deep as it likes', () => {
    let deep: unknown = [three];
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];

    let inner = read(t.named('Value'), deep);
    while (Array.isArray(inner)) [inner] = inner as unknown[];

    expect(inner).toBe(3);
  });
});

describe('a struct', () => {
  it.each([
    ['allowed', [], '"allowed"'],
    [
      'forbidden',
      ['--disallow-code-generation-from-strings'],
      'EvalError: Code generation from strings disallowed for this context',
    ],
  ])('is read where code from text is %s', async (_what, nodeArgs, first) => {
    const outcome = await runIsolated('structs.ts', { nodeArgs });

    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout.split('\n')).toEqual([
      first,
      '{"id":"1n","name":null}',
      'find(): result.name must be a str, got 2',
      '',
    ]);
  });
});

describe('a result of the wrong type', () => {
  it.each<[string, AnyType, unknown, string]>([
    ['an int for a str', t.string, 3, 'result must be a str, got 3'],
    ['a missing value for a str', t.string, nat, 'result must be a str, got NaT'],
    ['a missing value in a list', t.list(t.f64), [0.5, nat], 'result[1] must be a number, got NaT'],
    [
      'a missing value for a struct',
      t.list(Row),
      [nat],
      'result[0] must be a dict with the fields id, price, note, got NaT',
    ],
    ['a missing value for a unit', t.unit, nat, 'result must be None, got NaT'],
    ['a missing value for anything', t.named('Value'), nat, 'result: NaT has no counterpart in JavaScript'],
    [
      'a missing value inside anything',
      t.option(t.named('Value')),
      { rows: [{ at: nat }] },
      'result.rows[0].at: NaT has no counterpart in JavaScript',
    ],
    [
      'a missing value as a key of anything',
      t.named('Value'),
      [
        new Map<unknown, number>([
          ['a', 1],
          [nat, 2],
        ]),
      ],
      'result[0].keys()[1]: NaT has no counterpart in JavaScript',
    ],
    [
      'two pairs with one key',
      t.map(t.string, t.u8),
      [
        ['a', 1],
        ['b', 2],
        ['a', 3],
      ],
      'result: two of its pairs have the key "a"',
    ],
    [
      'two pairs with one number as key',
      t.list(t.map(t.u64, t.u8)),
      [
        [
          [1, 1],
          [2, 2],
          [1, 3],
        ],
      ],
      'result[0]: two of its pairs have the key 1n',
    ],
    [
      'keys of anything that are one number',
      t.named('Value'),
      {
        a: new Map<unknown, number>([
          [three, 1],
          [3, 2],
        ]),
      },
      'result.a: two of its keys differ in Python and are both 3 in JavaScript',
    ],
    [
      'elements of anything that are one number',
      t.named('Value'),
      [new Set([1, new IntegralFloat(3), three])],
      'result[0]: two of its elements differ in Python and are both 3 in JavaScript',
    ],
    ['None for a str', t.string, null, 'result must be a str, got None'],
    [
      'a whole float for an int',
      t.i64,
      three,
      'result must be an integer from -9223372036854775808 to 9223372036854775807 (i64), got the float 3.0',
    ],
    [
      'a large whole float for an int',
      t.u8,
      new IntegralFloat(1e300),
      'result must be an integer from 0 to 255 (u8), got the float 1e+300',
    ],
    ['a bool for an int', t.u8, true, 'result must be an integer from 0 to 255 (u8), got True'],
    ['an int out of range', t.u8, 300, 'result must be an integer from 0 to 255 (u8), got 300'],
    [
      'an int beyond 2^64',
      t.u64,
      2n ** 64n,
      'result must be an integer from 0 to 18446744073709551615 (u64), got 18446744073709551616',
    ],
    [
      'an int that no float equals',
      t.f64,
      2n ** 60n + 1n,
      'result must be a number that fits a float without loss, got 1152921504606846977',
    ],
    ['a float beyond 32 bits', t.f32, 1e300, 'result must be a number in the range of 32-bit floats, got 1e+300'],
    ['an int for a bool', t.bool, 1, 'result must be a bool, got 1'],
    ['two characters', t.char, 'xy', 'result must be a str of one character, got "xy"'],
    ['a str for bytes', t.bytes, 'abc', 'result must be bytes, got "abc"'],
    ['a list of large numbers for bytes', t.bytes, [1, 256], 'result must be bytes, got a list of 2'],
    ['a set for a list', t.list(t.u8), new Set([1]), 'result must be a list, got a set'],
    [
      'an array of floats for integers',
      t.list(t.u8),
      new Float64Array([1]),
      'result[0] must be an integer from 0 to 255 (u8), got the float 1.0',
    ],
    ['a list of another length', t.array(t.u8, 2), [1], 'result must be a list of 2, got a list of 1'],
    ['a tuple of another length', t.tuple(t.u8, t.u8), [1], 'result must be a tuple of 2, got a list of 1'],
    ['an item', t.list(Row), [[1, 2, null], { id: 1, price: 'x' }], 'result[1].price must be a number, got "x"'],
    ['a missing key', Row, { id: 1 }, 'result.price must be a number, got nothing'],
    ['a str for a struct', Row, 'x', 'result must be a dict with the fields id, price, note, got "x"'],
    ['too few values for a struct', Row, [1], 'result must be a dict with the fields id, price, note, got a list of 1'],
    ['a list for a map', t.map(t.string, t.u8), [1], 'result must be a dict, got a list of 1'],
    ['a key of a map', t.map(t.u8, t.u8), { 1: 1 }, 'result["1"] must be an integer from 0 to 255 (u8), got "1"'],
    [
      'an unknown variant',
      Shape,
      'Square',
      'result must be one of "Unit", { New: … }, { Tup: … }, { St: … }, got "Square"',
    ],
    [
      'the data of a variant',
      Shape,
      { St: { w: 1, h: -1 } },
      'result.St.h must be an integer from 0 to 4294967295 (u32), got -1',
    ],
  ])('is an error that names its place: %s', async (_what, type, value, message) => {
    const error = await failureOf(() => read(type, value));

    expect(error.code).toBe('FIDIUS_VALUE_RESULT');
    expect(error.message).toBe(`m(): ${message}`);
  });
});

describe('what a plugin for the Rust host returns', () => {
  const { pluginToHost } = JSON.parse(readFileSync('test/fixtures/vectors/rust-value-bridge.json', 'utf8')) as {
    readonly pluginToHost: readonly { readonly rust: string; readonly json: string; readonly ok: boolean }[];
  };
  const P = t.struct('P', { x: t.i32, y: t.option(t.string) });
  const types: Readonly<Record<string, AnyType>> = {
    '()': t.unit,
    'BTreeMap<String,u32>': t.map.btree(t.string, t.u32),
    'BTreeMap<u32,String>': t.map.btree(t.u32, t.string),
    'Option<()>': t.option(t.unit),
    'Option<String>': t.option(t.string),
    P,
    Shape,
    String: t.string,
    'Vec<Option<u8>>': t.list(t.option(t.u8)),
    'Vec<u8>': t.bytes,
    bool: t.bool,
    char: t.char,
    f64: t.f64,
    i128: t.i128,
    i64: t.i64,
    'serde_json::Value': t.named('serde_json::Value'),
    u64: t.u64,
    u8: t.u8,
  };
  /** Where this library takes more than the Rust host: None for options, and variants that carry data. */
  const wider = [
    ['Option<String>', 'null'],
    ['Shape', '{"Unit":null}'],
    ['Shape', '{"Tup":[1,2]}'],
    ['Vec<Option<u8>>', '[1,null]'],
  ];

  const isWider = ({ rust, json }: { rust: string; json: string }) =>
    wider.some(([type, text]) => type === rust && text === json);

  it.each(pluginToHost.filter((vector) => vector.ok || isWider(vector)))(
    'is taken: $json as $rust',
    ({ rust, json }) => {
      expect(() => read(types[rust] as AnyType, fromJson(json))).not.toThrow();
    },
  );

  it.each(pluginToHost.filter((vector) => !vector.ok && !isWider(vector)))(
    'is refused: $json as $rust',
    ({ rust, json }) => {
      const attempt = () => read(types[rust] as AnyType, fromJson(json));

      expect(attempt).toThrow(expect.objectContaining({ code: 'FIDIUS_VALUE_RESULT' }));
    },
  );
});

/** As Python would say it: an int and a float of the same value are two things. */
function fromJson(text: string): unknown {
  if (/^-?\d+\.0$/.test(text)) return new IntegralFloat(Number(text));
  if (/^\d{17,}$/.test(text)) return BigInt(text);
  return JSON.parse(text);
}

function codecOf(returns: Parameters<typeof method>[1]) {
  const [m] = defineInterface('I', { version: 1, methods: { m: method({}, returns) } }).methods;
  if (m === undefined) throw new Error('one method was defined');
  return m.codec;
}

function read(type: AnyType, value: unknown): unknown {
  return codecOf(type).readResult(value);
}
