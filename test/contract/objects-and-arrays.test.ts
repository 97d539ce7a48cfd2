import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyType, defineInterface, executorNames, type FidiusError, method, t } from '../../src/index.ts';
import { openExecutor } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';
import { writeVersion } from '../support/plugin-folders.ts';

let packages = 0;

/** The client of a package with `lines` as its module; each has a module of its own. */
async function load(
  executor: (typeof executorNames)[number],
  methods: Parameters<typeof defineInterface>[1]['methods'],
  lines: readonly string[],
) {
  packages += 1;
  const definition = defineInterface('Objects', { version: 1, methods });
  const host = openExecutor(executor);
  const entryModule = `objects_${packages}`;
  writeVersion(join(host.searchPath, 'objects'), {
    name: 'objects',
    version: '1.0.0',
    entryModule,
    definition,
    lines,
    files: {},
  });
  const { client } = await host.load('objects', definition, {});
  return client as unknown as Readonly<Record<string, (value?: unknown) => Promise<unknown>>>;
}

/** A client with one method for each type, which returns `show(value)` as text. */
function showing(
  executor: (typeof executorNames)[number],
  types: Readonly<Record<string, AnyType>>,
  show = 'repr(value)',
) {
  const names = Object.keys(types);
  const methods = Object.fromEntries(names.map((name) => [name, method({ value: types[name] as AnyType }, t.string)]));
  return load(executor, methods, ['import datetime', `def show(value): return ${show}`, `${names.join(' = ')} = show`]);
}

describe.each(executorNames)('with the executor %s', (executor) => {
  it('passes objects of the standard library for text', async () => {
    const { datetime, naive, date, decimal, uuid, list } = (await showing(executor, {
      datetime: t.datetime,
      naive: t.naiveDatetime,
      date: t.date,
      decimal: t.decimal,
      uuid: t.uuid,
      list: t.list(t.struct('Due', { on: t.option(t.date), sum: t.decimal })),
    })) as Record<string, (value: unknown) => Promise<unknown>>;
    const utc = 'tzinfo=datetime.timezone.utc';

    expect({
      utc: await datetime?.('2024-05-01T12:30:00Z'),
      offset: await datetime?.('2024-05-01t12:30:05.25-03:30'),
      seconds: await datetime?.('1900-01-01 00:00+00:53:28'),
      micros: await datetime?.('9999-12-31T23:59:59.999999000z'),
      unknown: await datetime?.('2024-05-01T12:30-00:00'),
      moment: await datetime?.(new Date(1_714_566_600_123)),
      naive: await naive?.('0001-01-01T00:00'),
      leapDay: await date?.('2000-02-29'),
      decimal: await decimal?.('-1.10e3'),
      bigint: await decimal?.(2n ** 70n),
      uuid: await uuid?.('6BA7B810-9DAD-11D1-80B4-00C04FD430C8'),
      list: await list?.([{ on: '2024-05-01', sum: '0' }, { sum: '1' }]),
    }).toEqual({
      utc: `datetime.datetime(2024, 5, 1, 12, 30, ${utc})`,
      offset:
        'datetime.datetime(2024, 5, 1, 12, 30, 5, 250000, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=73800)))',
      seconds: 'datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.timezone(datetime.timedelta(seconds=3208)))',
      micros: `datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, ${utc})`,
      unknown: `datetime.datetime(2024, 5, 1, 12, 30, ${utc})`,
      moment: `datetime.datetime(2024, 5, 1, 12, 30, 0, 123000, ${utc})`,
      naive: 'datetime.datetime(1, 1, 1, 0, 0)',
      leapDay: 'datetime.date(2000, 2, 29)',
      decimal: "Decimal('-1.10E+3')",
      bigint: `Decimal('${2n ** 70n}')`,
      uuid: "UUID('6ba7b810-9dad-11d1-80b4-00c04fd430c8')",
      list: "[{'on': datetime.date(2024, 5, 1), 'sum': Decimal('0')}, {'on': None, 'sum': Decimal('1')}]",
    });
  });

  it('returns objects and their text as the same text', async () => {
    const results: Readonly<Record<string, readonly [AnyType, string, string]>> = {
      utc: [t.datetime, 'datetime(2024, 5, 1, 12, 30, tzinfo=timezone.utc)', '2024-05-01T12:30:00+00:00'],
      offset: [
        t.datetime,
        'datetime(2024, 5, 1, 12, 30, 0, 5, timezone(timedelta(hours=2)))',
        '2024-05-01T12:30:00.000005+02:00',
      ],
      utc_text: [t.datetime, '"2024-05-01T12:30:00.500Z"', '2024-05-01T12:30:00.500000+00:00'],
      naive: [t.naiveDatetime, 'datetime(2024, 5, 1)', '2024-05-01T00:00:00'],
      day: [t.date, 'date(987, 6, 5)', '0987-06-05'],
      day_text: [t.date, '"0987-06-05"', '0987-06-05'],
      decimal: [t.decimal, 'Decimal("1.10")', '1.10'],
      exponent: [t.decimal, 'Decimal("1E+3")', '1E+3'],
      zero: [t.decimal, 'sum([])', '0'],
      large: [t.decimal, '2 ** 70', String(2n ** 70n)],
      uuid: [t.uuid, 'UUID(int=1)', '00000000-0000-0000-0000-000000000001'],
      uuid_text: [t.uuid, 'str(UUID(int=2 ** 128 - 1)).upper()', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
      missing: [t.option(t.decimal), 'None', null as never],
    };
    const client = await load(
      executor,
      Object.fromEntries(Object.entries(results).map(([name, [type]]) => [name, method({}, type)])),
      [
        'from datetime import date, datetime, timedelta, timezone',
        'from decimal import Decimal',
        'from uuid import UUID',
        ...Object.entries(results).map(([name, [, expression]]) => `def ${name}(): return ${expression}`),
      ],
    );

    const came = await Promise.all(Object.keys(results).map(async (name) => [name, await client[name]?.()]));

    expect(Object.fromEntries(came)).toEqual(
      Object.fromEntries(Object.entries(results).map(([name, [, , text]]) => [name, text])),
    );
  });

  it('passes the digits and the exponent of every decimal', async () => {
    const { parts } = await showing(
      executor,
      { parts: t.decimal },
      '"{0.sign} {0.digits} {0.exponent}".format(value.as_tuple())',
    );
    const number = fc.tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 60n }), fc.integer({ min: -999, max: 999 }));

    await fc.assert(
      fc.asyncProperty(number, async ([isNegative, digits, exponent]) => {
        const tuple = String(digits).split('').join(', ') + (digits < 10n ? ',' : '');
        expect(await parts?.(`${isNegative ? '-' : ''}${digits}e${exponent}`)).toBe(
          `${Number(isNegative)} (${tuple}) ${exponent}`,
        );
      }),
      { numRuns: 50, seed: 3 },
    );
  });

  it('passes declared arrays as writable memory of their type', async () => {
    const show = '"{0.format} {0.shape} {0.readonly} {1}".format(value, value.tolist() if value.nbytes else [])';
    const arrays: Readonly<Record<string, readonly [AnyType, unknown, string]>> = {
      floats: [t.ndarray('float64'), Float64Array.of(1, -0.5), 'd (2,) False [1.0, -0.5]'],
      part: [t.ndarray('int16'), Int16Array.of(1, 2, 3).subarray(1), 'h (2,) False [2, 3]'],
      numbers: [t.ndarray('float32'), [1, 0.5], 'f (2,) False [1.0, 0.5]'],
      large: [t.ndarray('uint64'), [1, 2n ** 64n - 1n], `Q (2,) False [1, ${2n ** 64n - 1n}]`],
      flags: [t.ndarray('bool'), Uint8Array.of(1, 0), '? (2,) False [True, False]'],
      booleans: [t.ndarray('bool'), [true, false], '? (2,) False [True, False]'],
      buffer: [t.ndarray('uint8'), Buffer.from('ab'), 'B (2,) False [97, 98]'],
      empty: [t.ndarray('int32'), [], 'i (0,) False []'],
      matrix: [t.ndarray('int32', 2), { shape: [2, 1], data: Int32Array.of(1, 2) }, 'i (2, 1) False [[1], [2]]'],
      nested: [t.ndarray('int8', 2), [[1, 2], Int8Array.of(3, 4)], 'b (2, 2) False [[1, 2], [3, 4]]'],
      cube: [t.ndarray('uint8', 3), { dtype: 'uint8', shape: [1, 1, 2], data: [1, 2] }, 'B (1, 1, 2) False [[[1, 2]]]'],
      no_rows: [t.ndarray('float64', 2), { shape: [0, 3], data: [] }, '<d (0, 3) False []'],
      no_columns: [t.ndarray('bool', 2), [[], []], '<? (2, 0) False []'],
    };
    const client = await showing(
      executor,
      Object.fromEntries(Object.entries(arrays).map(([name, [type]]) => [name, type])),
      show,
    );

    const came = await Promise.all(
      Object.entries(arrays).map(async ([name, [, value]]) => [name, await client[name]?.(value)]),
    );

    expect(Object.fromEntries(came)).toEqual(
      Object.fromEntries(Object.entries(arrays).map(([name, [, , text]]) => [name, text])),
    );
  });

  it('takes an array, a view and lists for a declared array', async () => {
    const results: Readonly<Record<string, readonly [AnyType, string, unknown]>> = {
      doubles: [t.ndarray('float64'), 'array.array("d", [1, 0.5])', Float64Array.of(1, 0.5)],
      numbers: [t.ndarray('float64'), '[1, 0.5, 2.0]', Float64Array.of(1, 0.5, 2)],
      integers: [t.ndarray('int64'), '(1, 2 ** 63 - 1)', BigInt64Array.of(1n, 2n ** 63n - 1n)],
      data: [t.ndarray('uint8'), 'b"ab"', Uint8Array.of(97, 98)],
      flags: [t.ndarray('bool'), 'memoryview(b"\\1\\0").cast("?")', Uint8Array.of(1, 0)],
      matrix: [
        t.ndarray('int32', 2),
        'memoryview(bytearray(24)).cast("i", (2, 3))',
        { dtype: 'int32', shape: [2, 3], data: new Int32Array(6) },
      ],
      rows: [
        t.ndarray('float32', 2),
        '[array.array("f", [1, 2]), [3, 4.5]]',
        { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4.5) },
      ],
      nothing: [t.ndarray('bool', 2), '[]', { dtype: 'bool', shape: [0, 0], data: new Uint8Array() }],
    };
    const client = await load(
      executor,
      Object.fromEntries(Object.entries(results).map(([name, [type]]) => [name, method({}, type)])),
      [
        'import array',
        ...Object.entries(results).map(([name, [, expression]]) => `def ${name}(): return ${expression}`),
      ],
    );

    const came = await Promise.all(Object.keys(results).map(async (name) => [name, await client[name]?.()]));

    expect(Object.fromEntries(came)).toEqual(
      Object.fromEntries(Object.entries(results).map(([name, [, , value]]) => [name, value])),
    );
  });

  it('passes a typed array as the list of its items', async () => {
    const types = {
      floats: t.list(t.f64),
      integers: t.list(t.i32),
      bytes: t.list(t.u8),
      large: t.list(t.u64),
      three: t.array(t.f32, 3),
    };
    const { floats, integers, bytes, large, three } = await showing(executor, types);

    expect({
      doubles: await floats?.(Float64Array.of(1, 0.5)),
      singles: await floats?.(Float32Array.of(0.1)),
      integers: await integers?.(Int32Array.of(1, -2)),
      whole: await integers?.(Float64Array.of(1, 2)),
      small: await integers?.(Uint8ClampedArray.of(7)),
      bytes: await bytes?.(Buffer.from('a')),
      large: await large?.(BigUint64Array.of(2n ** 64n - 1n)),
      three: await three?.(Float32Array.of(1, 2, 3)),
      none: await integers?.(new Int32Array()),
    }).toEqual({
      doubles: '[1.0, 0.5]',
      singles: `[${Math.fround(0.1)}]`,
      integers: '[1, -2]',
      whole: '[1, 2]',
      small: '[7]',
      bytes: '[97]',
      large: `[${2n ** 64n - 1n}]`,
      three: '[1.0, 2.0, 3.0]',
      none: '[]',
    });
  });
});

const detached = Float64Array.of(1);
structuredClone(detached, { transfer: [detached.buffer] });

const badArguments: readonly (readonly [string, AnyType, unknown, string])[] = [
  ['a moment without offset', t.datetime, '2024-05-01T12:30:00', 'must be a date and time with its offset'],
  ['a day for a moment', t.datetime, '2024-05-01', 'must be a date and time with its offset'],
  ['nanoseconds', t.datetime, '2024-05-01T12:30:00.0000001Z', 'must be a date and time with its offset'],
  ['a second that Python does not have', t.datetime, '2024-12-31T23:59:60Z', 'must be a date and time'],
  ['an hour that Python does not have', t.datetime, '2024-05-01T24:00:00Z', 'must be a date and time'],
  ['an offset of a day', t.datetime, '2024-05-01T12:00:00+24:00', 'must be a date and time'],
  ['an invalid Date', t.datetime, new Date(Number.NaN), 'must be a valid Date, got an invalid one'],
  [
    'a Date beyond Python',
    t.datetime,
    new Date(8.64e15),
    'must be a Date of the years 1 to 9999, got +275760-09-13T00:00:00.000Z',
  ],
  ['a Date before Python', t.datetime, new Date('0000-01-01T00:00:00Z'), 'must be a Date of the years 1 to 9999'],
  ['an offset for a naive moment', t.naiveDatetime, '2024-05-01T12:30:00Z', 'must be a date and time without offset'],
  ['a Date for a naive moment', t.naiveDatetime, new Date(0), 'must be a date and time without offset'],
  ['a day that does not exist', t.date, '2023-02-29', 'must be a date as text'],
  ['the 31st of a month of 30 days', t.date, '2024-04-31', 'must be a date as text'],
  ['the year 0', t.date, '0000-01-01', 'must be a date as text'],
  ['a Date for a day', t.date, new Date(0), 'must be a date as text, such as "2024-05-01", got an instance of Date'],
  ['a number for a decimal', t.decimal, 0.1, 'must be a decimal number as text, such as "12.50", or a bigint, got 0.1'],
  ['NaN', t.decimal, 'NaN', 'must be a decimal number'],
  ['underscores', t.decimal, '1_000', 'must be a decimal number'],
  ['an exponent that Python may not have', t.decimal, '1e1000000000', 'must be a decimal number'],
  ['a UUID without hyphens', t.uuid, '6ba7b8109dad11d180b400c04fd430c8', 'must be a UUID as text'],
  [
    'an unsafe integer',
    t.int53,
    2 ** 53,
    'must be a safe integer, from -9007199254740991 to 9007199254740991 (t.int53), got 9007199254740992',
  ],
  ['a bigint for a number', t.int53, 1n, 'must be a safe integer'],
  ['a negative number', t.uint53, -1, 'must be a safe integer, from 0 to 9007199254740991 (t.uint53), got -1'],
  [
    'another typed array',
    t.ndarray('float64'),
    new Float32Array(1),
    'must be an array of float64 with 1 dimension, as Float64Array or an array, got an instance of Float32Array',
  ],
  [
    'a matrix for a vector',
    t.ndarray('int8'),
    { shape: [1, 1], data: new Int8Array(1) },
    'must be an array of int8 with 1 dimension',
  ],
  ['a vector for a matrix', t.ndarray('int8', 2), new Int8Array(1), 'must be an array of int8 with 2 dimensions'],
];
const badParts: readonly (readonly [string, AnyType, unknown, string])[] = [
  ['an item that does not fit', t.ndarray('int8'), [1, 128], '[1]" must be an integer from -128 to 127 (i8), got 128'],
  ['a number for a flag', t.ndarray('bool'), Uint8Array.of(1, 2), '[1]" must be 0 or 1, got 2'],
  ['rows of different lengths', t.ndarray('int8', 2), [[1], [1, 2]], '[1]" must be a list of 1, got an array of 2'],
  [
    'another item type',
    t.ndarray('int8', 2),
    { dtype: 'int16', shape: [1, 1], data: [1] },
    '.dtype" must be "int8", got "int16"',
  ],
  [
    'another number of lengths',
    t.ndarray('int8', 2),
    { shape: [1], data: [1] },
    '.shape" must be an array of 2 lengths, got an array of 1',
  ],
  [
    'too few items',
    t.ndarray('int8', 2),
    { shape: [2, 2], data: [1] },
    '.data" must have 4 items, as the shape states, got 1',
  ],
  [
    'items of another type',
    t.ndarray('int8', 2),
    { shape: [1, 1], data: new Int16Array(1) },
    '.data" must be an array or Int8Array of 1 items, got an instance of Int16Array',
  ],
  ['a fraction among integers', t.list(t.i32), Float64Array.of(1, 0.5), '[1]" must be an integer'],
  ['bigints among floats', t.list(t.f64), BigInt64Array.of(1n), '[0]" must be a number, got 1n'],
  ['a typed array of strings', t.list(t.string), Uint8Array.of(1), '[0]" must be a string, got 1'],
  [
    'memory that was transferred, as a list',
    t.list(t.f64),
    detached,
    '": its memory was transferred to another thread and is empty',
  ],
  [
    'memory that was transferred',
    t.ndarray('float64'),
    detached,
    '": its memory was transferred to another thread and is empty',
  ],
];
const badResults: readonly (readonly [string, AnyType, string, string])[] = [
  [
    'a naive datetime',
    t.datetime,
    'datetime.datetime(2024, 5, 1)',
    'must be an aware datetime with at most microseconds, got "2024-05-01 00:00:00"',
  ],
  [
    'a date for a datetime',
    t.datetime,
    'datetime.date(2024, 5, 1)',
    'must be an aware datetime with at most microseconds, got "2024-05-01"',
  ],
  [
    'an aware datetime',
    t.naiveDatetime,
    'datetime.datetime(2024, 5, 1, tzinfo=datetime.timezone.utc)',
    'must be a naive datetime',
  ],
  ['a datetime for a date', t.date, 'datetime.datetime(2024, 5, 1)', 'must be a date, got "2024-05-01 00:00:00"'],
  ['a float for a decimal', t.decimal, '0.5', 'must be a finite Decimal, got 0.5'],
  ['a float without fraction', t.decimal, '2.0', 'must be a finite Decimal, got the float 2.0'],
  ['True for a decimal', t.decimal, 'True', 'must be a finite Decimal, got True'],
  ['NaN as a decimal', t.decimal, 'decimal.Decimal("nan")', 'must be a finite Decimal, got "NaN"'],
  ['text that is no UUID', t.uuid, '"x"', 'must be a UUID, got "x"'],
  ['None', t.uuid, 'None', 'must be a UUID, got None'],
  [
    'an unsafe integer',
    t.int53,
    '2 ** 53',
    'must be a safe integer, from -9007199254740991 to 9007199254740991 (t.int53), got 9007199254740992',
  ],
  [
    'a float',
    t.int53,
    '3.0',
    'must be a safe integer, from -9007199254740991 to 9007199254740991 (t.int53), got the float 3.0',
  ],
  [
    'another item type',
    t.ndarray('float64'),
    'array.array("f", [1])',
    'must be an array of float64 with 1 dimension, got an array of float32 with 1 dimension',
  ],
  [
    'another number of dimensions',
    t.ndarray('int32', 1),
    'memoryview(bytearray(8)).cast("i", (1, 2))',
    'must be an array of int32 with 1 dimension, got an array of int32 with 2 dimensions',
  ],
  [
    'a vector for a matrix',
    t.ndarray('int32', 2),
    'array.array("i")',
    'must be an array of int32 with 2 dimensions, got an array of int32 with 1 dimension',
  ],
  [
    'bytes for flags',
    t.ndarray('bool'),
    'b"\\x07"',
    'must be an array of bool with 1 dimension, got an array of uint8 with 1 dimension',
  ],
  ['a dict', t.ndarray('bool'), '{}', 'must be an array of bool with 1 dimension, got a dict'],
];
const badResultParts: readonly (readonly [string, AnyType, string, string])[] = [
  [
    'a float among integers',
    t.ndarray('int32'),
    '[1, 2.0]',
    '[1] must be an integer from -2147483648 to 2147483647 (i32), got the float 2.0',
  ],
  [
    'floats as a row of integers',
    t.ndarray('int32', 2),
    '[array.array("d", [2])]',
    '[0][0] must be an integer from -2147483648 to 2147483647 (i32), got the float 2.0',
  ],
  ['rows of different lengths', t.ndarray('int32', 2), '[[1], []]', '[1] must be a list of 1, got a list of 0'],
  [
    'a naive datetime in a list',
    t.list(t.datetime),
    '[datetime.datetime(2024, 5, 1)]',
    '[0] must be an aware datetime',
  ],
];

describe('an argument', () => {
  const all = [
    ...badArguments.map(([what, type, value, message]) => [what, type, value, `" ${message}`] as const),
    ...badParts,
  ];
  const types = Object.fromEntries(all.map(([, type], index) => [`m${index}`, type]));

  it('that does not have its type is an error with its place', async () => {
    const client = await showing('inline', types);

    const failures = await Promise.all(
      all.map(async ([what, , value], index) => [
        what,
        (await failureOf(() => client[`m${index}`]?.(value))) as FidiusError,
      ]),
    );

    expect(
      failures.map(([what, failure]) => [what, (failure as FidiusError).code, (failure as FidiusError).message]),
    ).toEqual(
      all.map(([what, , , message], index) => [
        what,
        'FIDIUS_VALUE_ARGUMENT',
        expect.stringContaining(`m${index}() of objects: argument "value${message}`),
      ]),
    );
  });
});

describe('a result', () => {
  const all = [
    ...badResults.map(([what, type, code, message]) => [what, type, code, ` ${message}`] as const),
    ...badResultParts,
  ];
  const methods = Object.fromEntries(all.map(([, type], index) => [`m${index}`, method({}, type)]));
  const lines = [
    'import array, datetime, decimal',
    ...all.map(([, , expression], index) => `def m${index}(): return ${expression}`),
  ];

  it('that does not have its type is an error with its place', async () => {
    const client = await load('inline', methods, lines);

    const failures = await Promise.all(
      all.map(async ([what], index) => [what, (await failureOf(() => client[`m${index}`]?.())) as FidiusError]),
    );

    expect(
      failures.map(([what, failure]) => [what, (failure as FidiusError).code, (failure as FidiusError).message]),
    ).toEqual(
      all.map(([what, , , message], index) => [
        what,
        'FIDIUS_VALUE_RESULT',
        expect.stringContaining(`m${index}() of objects: result${message}`),
      ]),
    );
  });
});

describe('the definition of an array', () => {
  it.each<[string, () => unknown, string]>([
    ['an item type that numpy spells differently', () => t.ndarray('float46' as never), 'must be one of bool, int8'],
    ['an item type without counterpart', () => t.ndarray('complex128' as never), 'got "complex128"'],
    ['no dimension', () => t.ndarray('int8', 0), 'must be from 1 to 32, got 0'],
    ['half a dimension', () => t.ndarray('int8', 1.5), 'must be from 1 to 32, got 1.5'],
    ['too many dimensions', () => t.ndarray('int8', 33), 'must be from 1 to 32, got 33'],
    ['text as a key', () => t.map(t.uuid, t.u8), 'A key of t.map() cannot be t.uuid'],
  ])('rejects %s', async (_what, define, message) => {
    expect(await failureOf(async () => define())).toMatchObject({
      code: 'FIDIUS_INTERFACE_INVALID',
      message: expect.stringContaining(message),
    });
  });
});
