import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PickleWriter } from '../../../src/codec/pickle/pickle-writer.ts';
import { defineInterface } from '../../../src/contract/interface.ts';
import { method } from '../../../src/contract/method.ts';
import { t } from '../../../src/contract/t.ts';
import type { AnyType } from '../../../src/contract/type.ts';
import { failureOf } from '../../support/failure.ts';
import { pythonReprs } from '../../support/python-repr.ts';

const Row = t.struct('Row', { id: t.u32, price: t.f64, note: t.option(t.string) });
const Shape = t.enum('Shape', {
  Dot: t.unit,
  Circle: t.f64,
  Line: t.tuple(t.f64, t.f64),
  Box: { width: t.u8, height: t.u8 },
});

describe('arguments', () => {
  it('arrive in Python as their types say', () => {
    const cases: readonly (readonly [AnyType, unknown, string])[] = [
      [t.bool, true, 'True'],
      [t.i8, -128, '-128'],
      [t.u32, 4294967295, '4294967295'],
      [t.u16, -0, '0'],
      [t.i64, 7, '7'],
      [t.i64, -(2n ** 63n), '-9223372036854775808'],
      [t.u64, 2n ** 64n - 1n, '18446744073709551615'],
      [t.i128, -(2n ** 127n), '-170141183460469231731687303715884105728'],
      [t.u128, 2n ** 128n - 1n, '340282366920938463463374607431768211455'],
      [t.isize, -1n, '-1'],
      [t.usize, 9, '9'],
      [t.f64, 3, '3.0'],
      [t.f64, -0, '-0.0'],
      [t.f64, Number.NaN, 'nan'],
      [t.f64, Number.NEGATIVE_INFINITY, '-inf'],
      [t.f32, 0.1, '0.10000000149011612'],
      [t.f32, Number.POSITIVE_INFINITY, 'inf'],
      [t.char, '😀', "'\\U0001f600'"],
      [t.string, 'a\0é', "'a\\x00\\xe9'"],
      [t.str, '', "''"],
      [t.bytes, Buffer.from([1, 2]), "b'\\x01\\x02'"],
      [t.bytes, new Uint8Array([0, 1, 2, 3]).buffer.slice(1, 3), "b'\\x01\\x02'"],
      [t.bytes, new DataView(new Uint8Array([0, 1, 2, 3]).buffer, 1, 2), "b'\\x01\\x02'"],
      [t.unit, undefined, 'None'],
      [t.unit, null, 'None'],
      [t.list(t.u8), [1, 2], '[1, 2]'],
      [t.list(t.f64), [1, 2], '[1.0, 2.0]'],
      [t.array(t.bool, 2), [true, false], '[True, False]'],
      [t.tuple(t.string, t.i64), ['a', 1], "['a', 1]"],
      [t.option(t.i32), null, 'None'],
      [t.option(t.i32), undefined, 'None'],
      [t.option(t.i32), 5, '5'],
      [t.map(t.string, t.u8), { b: 1, a: 2 }, "{'b': 1, 'a': 2}"],
      [t.map(t.string, t.u8), new Map([['b', 1]]), "{'b': 1}"],
      [t.map(t.string, t.u8), JSON.parse('{"__proto__": 1}'), "{'__proto__': 1}"],
      [t.map(t.u64, t.string), new Map([[1n, 'one']]), "{1: 'one'}"],
      [t.map.btree(t.bool, t.unit), new Map([[true, undefined]]), '{True: None}'],
      [Row, { id: 1, price: 2 }, "{'id': 1, 'price': 2.0, 'note': None}"],
      [Row, { note: 'x', price: 0.5, id: 1 }, "{'id': 1, 'price': 0.5, 'note': 'x'}"],
      [Row, { id: 1, price: 2, note: undefined, extra: undefined }, "{'id': 1, 'price': 2.0, 'note': None}"],
      [t.struct('Empty', {}), {}, '{}'],
      [
        t.struct('Odd', { constructor: t.u8, 'unit price': t.u8 }),
        { constructor: 1, 'unit price': 2 },
        "{'constructor': 1, 'unit price': 2}",
      ],
      [Shape, 'Dot', "{'Dot': None}"],
      [Shape, { Dot: null }, "{'Dot': None}"],
      [Shape, { Circle: 2 }, "{'Circle': 2.0}"],
      [Shape, { Line: [1, 2] }, "{'Line': [1.0, 2.0]}"],
      [Shape, { Box: { width: 1, height: 2 } }, "{'Box': {'width': 1, 'height': 2}}"],
      [t.enum('Color', ['Red', 'Green']), 'Green', "{'Green': None}"],
      [t.named('Box<Row>', Row), { id: 1, price: 2 }, "{'id': 1, 'price': 2.0, 'note': None}"],
      [t.named('serde_json::Value'), { a: [1, 1.5, null, 'x'] }, "{'a': [1, 1.5, None, 'x']}"],
    ];

    const reprs = pythonReprs(cases.map(([type, value]) => written(type, value)));

    expect(reprs).toEqual(cases.map(([, , repr]) => `(${repr},)`));
  });

  it('arrive in the order of the declaration', () => {
    const codec = codecOf([{ text: t.string }, { rows: t.list(Row) }, { limit: t.u32 }]);

    const [repr] = pythonReprs([pickled((writer) => codec.writeArguments(writer, ['a', [], 3]))]);

    expect(repr).toBe("('a', [], 3)");
  });

  it('of scalars skip the codec: they are checked and named by kind', () => {
    const codec = codecOf([{ a: t.bool }, { b: t.i64 }, { c: t.f32 }, { d: t.char }, { e: t.bytes }, { f: t.unit }]);
    const bytes = new Uint8Array([1]);

    expect(codec.scalarKinds([])).toEqual(['bool', 'int', 'float', 'str', 'bytes', 'none']);
    expect(codec.checkArguments([true, 7, 0.1, 'x', bytes.buffer, undefined])).toEqual([
      true,
      7,
      Math.fround(0.1),
      'x',
      bytes,
      null,
    ]);
  });

  it('that are already right are not copied', () => {
    const codec = codecOf([{ a: t.f64 }, { b: t.string }]);
    const args = [Number.NaN, 'x'];

    expect(codec.checkArguments(args)).toBe(args);
  });

  it('with a container among them do not skip the codec', () => {
    expect(codecOf([{ a: t.bool }, { b: t.list(t.u8) }]).scalarKinds([])).toBeUndefined();
    expect(codecOf([{ a: t.option(t.bool) }]).scalarKinds([])).toBeUndefined();
    expect(codecOf({}).scalarKinds([])).toEqual([]);
  });

  it('do not count a stream among them, which goes another way', () => {
    const codec = codecOf([{ rows: t.stream(Row) }, { limit: t.u32 }]);

    expect(codec.scalarKinds([])).toEqual(['int']);
    expect(codec.checkArguments([3])).toEqual([3]);
  });
});

describe('an argument of the wrong type', () => {
  const cases: readonly (readonly [string, AnyType, unknown, string])[] = [
    ['a number for a string', t.string, 3, '"x" must be a string, got 3'],
    ['nothing for a string', t.string, undefined, '"x" must be a string, got undefined'],
    ['a fraction', t.i32, 1.5, '"x" must be an integer from -2147483648 to 2147483647 (i32), got 1.5'],
    ['a number out of range', t.u8, 256, '"x" must be an integer from 0 to 255 (u8), got 256'],
    ['a negative number', t.u8, -1, '"x" must be an integer from 0 to 255 (u8), got -1'],
    ['NaN for an integer', t.u8, Number.NaN, '"x" must be an integer from 0 to 255 (u8), got NaN'],
    ['a bigint for a small integer', t.i8, 1n, '"x" must be an integer from -128 to 127 (i8), got 1n'],
    [
      'a key in two forms',
      t.map(t.i64, t.string),
      new Map<number | bigint, string>([
        [2, 'a'],
        [1, 'b'],
        [1n, 'c'],
      ]),
      '"x": two of its keys are equal in Python: 1 (keys()[1]) and 1n (keys()[2])',
    ],
    [
      'a key in two forms, inside',
      t.struct('S', { maps: t.list(t.map.btree(t.u128, t.u8)) }),
      {
        maps: [
          new Map(),
          new Map<number | bigint, number>([
            [1n, 1],
            [1, 2],
          ]),
        ],
      },
      '"x.maps[1]": two of its keys are equal in Python: 1n (keys()[0]) and 1 (keys()[1])',
    ],
    [
      'keys that are one key, where no type is declared',
      t.named('Value'),
      [
        new Map<unknown, number>([
          [1, 1],
          [true, 2],
        ]),
      ],
      '"x[0]": two of its keys are equal in Python: 1 (keys()[0]) and true (keys()[1])',
    ],
    [
      'a bigint out of range',
      t.i64,
      2n ** 63n,
      '"x" must be an integer from -9223372036854775808 to 9223372036854775807 (i64), got 9223372036854775808n',
    ],
    ['a negative bigint', t.usize, -1n, '"x" must be an integer from 0 to 18446744073709551615 (usize), got -1n'],
    [
      'a number that is not exact',
      t.u64,
      2 ** 53,
      '"x" must be an integer from 0 to 18446744073709551615 (u64), as a bigint where a number is not exact, got 9007199254740992',
    ],
    ['a string for a float', t.f64, '1', '"x" must be a number, got "1"'],
    ['a bigint for a float', t.f64, 1n, '"x" must be a number, got 1n'],
    ['a float beyond 32 bits', t.f32, 1e300, '"x" must be a number in the range of 32-bit floats, got 1e+300'],
    ['two characters', t.char, 'ab', '"x" must be a string of one character, got "ab"'],
    ['no character', t.char, '', '"x" must be a string of one character, got ""'],
    ['half a character', t.char, '\ud83d', '"x" must be a string of one character, got "\\ud83d"'],
    ['a number for a bool', t.bool, 1, '"x" must be a boolean, got 1'],
    ['a value for a unit', t.unit, 0, '"x" must be undefined, got 0'],
    ['an array for bytes', t.bytes, [1], '"x" must be a Uint8Array, an ArrayBuffer or a DataView, got an array of 1'],
    ['an object for a list', t.list(t.u8), {}, '"x" must be an array, got an object'],
    ['an array of another length', t.array(t.u8, 2), [1], '"x" must be an array of 2, got an array of 1'],
    [
      'a hole in a list',
      t.list(t.u8),
      Object.assign([1], { 2: 3 }),
      '"x[1]" must be an integer from 0 to 255 (u8), got undefined',
    ],
    ['an item of a tuple', t.tuple(t.u8, t.bool), [1, 2], '"x[1]" must be a boolean, got 2'],
    ['a tuple of another length', t.tuple(t.u8, t.bool), [1], '"x" must be an array of 2, got an array of 1'],
    ['the inside of an option', t.option(t.bool), 0, '"x" must be a boolean, got 0'],
    ['a plain object for a map of numbers', t.map(t.u8, t.bool), { 1: true }, '"x" must be a Map, got an object'],
    ['a list for a map', t.map(t.string, t.bool), [], '"x" must be a plain object or a Map, got an array of 0'],
    ['a value of a map', t.map(t.string, t.bool), { 'a b': 1 }, '"x["a b"]" must be a boolean, got 1'],
    [
      'a key of a map',
      t.map(t.u8, t.bool),
      new Map([[300, true]]),
      '"x["300"]" must be an integer from 0 to 255 (u8), got 300',
    ],
    ['a field', t.list(Row), [{ id: 1, price: 'x' }], '"x[0].price" must be a number, got "x"'],
    ['a missing field', Row, { id: 1 }, '"x.price" must be a number, got undefined'],
    ['a string for a struct', Row, 'x', '"x" must be an object with the fields id, price, note, got "x"'],
    [
      'an array for a struct',
      Row,
      [1, 2, null],
      '"x" must be an object with the fields id, price, note, got an array of 3',
    ],
    [
      'an unknown field',
      Row,
      { id: 1, price: 2, nota: 'x' },
      '"x" must have only the fields id, price, note, got "nota" as well',
    ],
    [
      'an inherited property as a field',
      t.struct('S', { toString: t.string }),
      {},
      '"x.toString" must be a string, got undefined',
    ],
    [
      'an unknown variant',
      Shape,
      'Square',
      '"x" must be one of "Dot", { Circle: … }, { Line: … }, { Box: … }, got "Square"',
    ],
    [
      'a variant without its data',
      Shape,
      'Circle',
      '"x" must be one of "Dot", { Circle: … }, { Line: … }, { Box: … }, got "Circle"',
    ],
    [
      'two variants at once',
      Shape,
      { Circle: 1, Dot: null },
      '"x" must be one of "Dot", { Circle: … }, { Line: … }, { Box: … }, got an object',
    ],
    [
      'the data of a variant',
      Shape,
      { Box: { width: 1, height: 'x' } },
      '"x.Box.height" must be an integer from 0 to 255 (u8), got "x"',
    ],
    ['data for a variant without', Shape, { Dot: 1 }, '"x.Dot" must be undefined, got 1'],
    [
      'an inherited name as a variant',
      Shape,
      'constructor',
      '"x" must be one of "Dot", { Circle: … }, { Line: … }, { Box: … }, got "constructor"',
    ],
  ];

  it.each(cases)('is an error that names it: %s', async (_what, type, value, message) => {
    const error = await failureOf(() => written(type, value));

    expect(error.code).toBe('FIDIUS_VALUE_ARGUMENT');
    expect(error.message).toBe(`greet(): argument ${message}`);
  });

  it.each([
    ['a string with half a character', t.string, 'a\ud800'],
    ['a function where anything may stand', t.named('Value'), { a: [() => 1] }],
  ])('is an error that names the place: %s', async (_what, type, value) => {
    const error = await failureOf(() => written(type, value));

    expect(error.code).toBe('FIDIUS_VALUE_ARGUMENT');
    expect(error.message).toMatch(/^greet\(\): argument "x(\.a\[0\])?": /);
  });

  it('is an error that suggests the field that was meant', async () => {
    const error = await failureOf(() => written(Row, { id: 1, price: 2, nota: 'x' }));

    expect(error.hint).toBe('Write "note".');
  });

  it('is found also where scalars skip the codec', async () => {
    const codec = codecOf([{ a: t.u8 }, { b: t.string }]);

    expect((await failureOf(() => codec.checkArguments([1, 2]))).message).toBe(
      'greet(): argument "b" must be a string, got 2',
    );
    expect((await failureOf(() => codec.checkArguments([1, '\udfff']))).message).toBe(
      'greet(): argument "b" must be a string without lone surrogates, got "\\udfff"',
    );
  });

  it.each([
    [{}, [1], 'greet() takes no arguments, got 1'],
    [{ name: t.string }, [], 'greet() takes 1 argument (name), got 0'],
    [{ a: t.u8, b: t.u8 }, [1, 2, 3], 'greet() takes 2 arguments (a, b), got 3'],
    [{ rows: t.list(t.u8) }, [], 'greet() takes 1 argument (rows), got 0'],
  ])('is told from a wrong number of them: %o', async (args, given, message) => {
    const codec = codecOf(args);

    for (const attempt of [
      () => codec.checkArguments(given),
      () => pickled((writer) => codec.writeArguments(writer, given)),
    ]) {
      const error = await failureOf(attempt);
      expect(error.code).toBe('FIDIUS_VALUE_ARGUMENT');
      expect(error.message).toBe(message);
    }
  });

  it('does not hide an error from a getter', () => {
    const row = {
      id: 1,
      get price(): number {
        throw new RangeError('no price today');
      },
    };

    expect(() => written(Row, row)).toThrow(new RangeError('no price today'));
  });
});

describe('what the Rust host sends', () => {
  const { hostToPlugin } = JSON.parse(readFileSync('test/fixtures/vectors/rust-value-bridge.json', 'utf8')) as {
    readonly hostToPlugin: readonly { readonly rust: string; readonly json: string | null }[];
  };
  const P = t.struct('P', { x: t.i32, y: t.option(t.string) });
  const BridgeShape = t.enum('Shape', { Unit: t.unit, New: t.u32, St: { w: t.u32, h: t.u32 } });
  const ours: Readonly<Record<string, readonly (readonly [AnyType, unknown])[]>> = {
    '("a",)': [[t.string, 'a']],
    '(None::<u8>,)': [[t.option(t.u8), null]],
    '(Some(1u8),)': [[t.option(t.u8), 1]],
    '(u64::MAX,)': [[t.u64, 2n ** 64n - 1n]],
    '(Shape::Unit,)': [[BridgeShape, 'Unit']],
    '(Shape::New(1),)': [[BridgeShape, { New: 1 }]],
    '(Shape::St..,)': [[BridgeShape, { St: { w: 1, h: 2 } }]],
    '(P{..},)': [[P, { x: 1 }]],
    "('c',)": [[t.char, 'c']],
    '((),)': [[t.unit, undefined]],
    'empty map': [[t.map(t.string, t.u8), {}]],
    '1.0f64': [[t.f64, 1]],
  };
  /** Where exactness won: Rust sends NaN as None, keys that are no strings as text, and refuses 128 bits. */
  const different = ['(f64::NAN,f32::INFINITY)', '(map u32->str,)', '(map bool key,)', '(1u128,)'];
  /** How Rust packs its arguments, which a caller of this library does not see. */
  const packing = ['()', 'bare vec![1,2]'];

  it('is what this library sends', () => {
    const same = hostToPlugin.filter(({ rust }) => rust in ours);
    const pickles = same.flatMap(({ rust }) => (ours[rust] ?? []).map(([type, value]) => written(type, value)));

    const reprs = pythonReprs(pickles);

    expect(reprs).toEqual(same.map(({ json }) => pythonLiteral(json ?? '')));
    expect(hostToPlugin.map(({ rust }) => rust).toSorted()).toEqual(
      [...Object.keys(ours), ...different, ...packing].toSorted(),
    );
  });

  /** `[{"a":null}]` as `({'a': None},)`: the array is the arguments. */
  function pythonLiteral(json: string): string {
    const items = json.slice(1, -1).replaceAll('"', "'").replaceAll('null', 'None');
    return `(${items.replace(/([:,])(?=\S)/g, '$1 ')},)`;
  }
});

function codecOf(args: Parameters<typeof method>[0]) {
  const [greet] = defineInterface('Greeter', { version: 1, methods: { greet: method(args as never) } }).methods;
  if (greet === undefined) throw new Error('one method was defined');
  return greet.codec;
}

function written(type: AnyType, value: unknown): Uint8Array {
  return pickled((writer) => codecOf({ x: type }).writeArguments(writer, [value]));
}

function pickled(write: (writer: PickleWriter) => void): Uint8Array {
  const writer = new PickleWriter();
  writer.begin();
  write(writer);
  return writer.finish();
}
