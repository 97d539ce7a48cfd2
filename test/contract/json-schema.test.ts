import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AnyType,
  defineInterface,
  fromJson,
  type JsonSchema,
  type JsonValue,
  jsonSchema,
  method,
  PluginHost,
  t,
  toJson,
} from '../../src/index.ts';
import { generatePythonStub } from '../../src/packaging.ts';
import { failureOf } from '../support/failure.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { anySample } from '../support/typed-samples.ts';

const Row = t.struct('Row', { id: t.u64, note: t.option(t.string) }, { doc: 'One row.' });
const Shape = t.enum('Shape', { Dot: t.unit, Circle: t.f64, Box: { width: t.u8 } });

const Shop = defineInterface('Shop', {
  version: 3,
  doc: 'A shop.',
  methods: {
    find: method([{ rows: t.list(Row) }, { limit: t.option(t.u8) }], t.result(Row), {
      doc: 'Finds a row.',
      argumentDocs: { rows: 'What to search.', limit: 'How many at most.' },
    }),
    watch: method({ shapes: t.stream(Shape) }, t.stream(Row), { optional: true }),
    clear: method(),
    reverse: method.raw(),
    anything: method({ value: t.named('serde_json::Value') }, t.named('serde_json::Value')),
  },
});

describe('jsonSchema()', () => {
  it('describes the arguments of a method as one object, with the documentation', () => {
    expect(jsonSchema(Shop).methods['find']).toMatchInlineSnapshot(`
      {
        "arguments": {
          "$defs": {
            "Row": {
              "additionalProperties": false,
              "description": "One row.",
              "properties": {
                "id": {
                  "anyOf": [
                    {
                      "maximum": 9007199254740991,
                      "minimum": 0,
                      "type": "integer",
                    },
                    {
                      "description": "The digits of an integer that a JSON number does not represent exactly.",
                      "pattern": "^[0-9]{1,20}$",
                      "type": "string",
                    },
                  ],
                  "description": "An integer from 0 to 18446744073709551615; beyond 2^53 - 1 as text.",
                },
                "note": {
                  "anyOf": [
                    {
                      "type": "string",
                    },
                    {
                      "type": "null",
                    },
                  ],
                },
              },
              "required": [
                "id",
              ],
              "type": "object",
            },
          },
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "additionalProperties": false,
          "properties": {
            "limit": {
              "anyOf": [
                {
                  "maximum": 255,
                  "minimum": 0,
                  "type": "integer",
                },
                {
                  "type": "null",
                },
              ],
              "description": "How many at most.",
            },
            "rows": {
              "description": "What to search.",
              "items": {
                "$ref": "#/$defs/Row",
              },
              "type": "array",
            },
          },
          "required": [
            "rows",
          ],
          "type": "object",
        },
        "description": "Finds a row.",
        "optional": false,
        "result": {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "additionalProperties": false,
          "description": "One row.",
          "properties": {
            "id": {
              "anyOf": [
                {
                  "maximum": 9007199254740991,
                  "minimum": 0,
                  "type": "integer",
                },
                {
                  "description": "The digits of an integer that a JSON number does not represent exactly.",
                  "pattern": "^[0-9]{1,20}$",
                  "type": "string",
                },
              ],
              "description": "An integer from 0 to 18446744073709551615; beyond 2^53 - 1 as text.",
            },
            "note": {
              "anyOf": [
                {
                  "type": "string",
                },
                {
                  "type": "null",
                },
              ],
            },
          },
          "required": [
            "id",
            "note",
          ],
          "type": "object",
        },
        "streaming": false,
      }
    `);
  });

  it('names the interface, its version and its hash', () => {
    const { methods, ...others } = jsonSchema(Shop);

    expect(others).toEqual({ interface: 'Shop', version: 3, hash: Shop.hashHex, description: 'A shop.' });
    expect(Object.keys(methods)).toEqual(['find', 'watch', 'clear', 'reverse', 'anything']);
  });

  it('describes the items of streams', () => {
    const { arguments: given, result, ...others } = jsonSchema(Shop).methods['watch'] ?? fail();

    expect(others).toEqual({ optional: true, streaming: true });
    expect(validator(given)({ shapes: ['Dot', { Circle: 1.5 }, { Box: { width: 3 } }] })).toBe(true);
    expect(validator(given)({ shapes: [{ Circle: 1.5, Dot: null }] })).toBe(false);
    expect(validator(result)({ id: '18446744073709551615', note: null })).toBe(true);
  });

  it('describes a method without arguments and result, and a raw one', () => {
    const { clear, reverse } = jsonSchema(Shop).methods;

    expect([validator(clear?.arguments)({}), validator(clear?.result)(null)]).toEqual([true, true]);
    expect(validator(clear?.arguments)({ stray: 1 })).toBe(false);
    expect([validator(reverse?.arguments)({ data: '/wAB' }), validator(reverse?.result)('AA==')]).toEqual([true, true]);
    expect(validator(reverse?.arguments)({ data: 'A*==' })).toBe(false);
  });

  it('says of a value without declared type that it is any JSON, and lets the argument be left out', () => {
    const schema = jsonSchema(Shop).methods['anything'];

    expect(schema?.result['description']).toBe('Any JSON value: serde_json::Value has no declared structure.');
    expect([{}, { value: null }, { value: [{ a: 1 }] }].map((each) => validator(schema?.arguments)(each))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('gives two structs of one name two definitions', () => {
    const Both = defineInterface('Both', {
      version: 1,
      methods: {
        mix: method([
          { a: t.struct('P', { x: t.u8 }) },
          { b: t.struct('P', { y: t.u8 }) },
          { c: t.struct('P', { x: t.u8 }) },
        ]),
      },
    });

    const { arguments: schema } = jsonSchema(Both).methods['mix'] ?? fail();

    expect(Object.keys(schema['$defs'] ?? {})).toEqual(['P', 'P2']);
    expect(validator(schema)({ a: { x: 1 }, b: { y: 1 }, c: { x: 1 } })).toBe(true);
    expect(validator(schema)({ a: { x: 1 }, b: { x: 1 }, c: { x: 1 } })).toBe(false);
  });

  it.each<[string, AnyType, readonly JsonValue[], readonly JsonValue[]]>([
    ['i64', t.i64, [0, -5, '-9223372036854775808'], [1.5, 2 ** 53, '1.0', '', '1'.repeat(20)]],
    ['u8', t.u8, [0, 255], [-1, 256, '1']],
    ['int53', t.int53, [Number.MAX_SAFE_INTEGER], [2 ** 53, '1']],
    ['f64', t.f64, [1, 1e300, 'NaN', '-Infinity'], ['1', 'nan']],
    ['f32', t.f32, [1, 'NaN'], [1e39]],
    ['char', t.char, ['a', '\u{1F40D}'], ['', 'ab']],
    ['a date', t.date, ['2024-02-29'], ['2023-02-29', '2024-2-1', '0000-01-01']],
    ['a datetime', t.datetime, ['2024-05-01T12:30:00Z', '2024-05-01T12:30:00.5+02:00'], ['2024-05-01T12:30:00', '']],
    ['a naive datetime', t.naiveDatetime, ['2024-05-01T12:30:00'], ['2024-05-01T12:30:00Z', '2024-05-32T12:30:00']],
    ['a decimal', t.decimal, ['1', '-0.50', '1E+5', '.5'], ['NaN', 'x', '']],
    ['a UUID', t.uuid, ['6ba7b810-9dad-11d1-80b4-00c04fd430c8'], ['urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8']],
    ['bytes', t.bytes, ['', 'AA==', '/wAB'], ['AA', 'AB==', 'A*==']],
    ['an array of bytes', t.ndarray('uint8'), [[0, 255], '/wAB'], [[256], 'x']],
    ['an array of booleans', t.ndarray('bool'), [[true, false], 'AQAB', 'AQ=='], [[1], 'Ag==', '/wAB']],
    [
      'an array with dimensions',
      t.ndarray('int8', 2),
      [[[1], [2]], { shape: [1, 1], data: [1] }],
      [[1], { shape: [1] }],
    ],
    ['a list of a length', t.array(t.u8, 2), [[1, 2]], [[1], [1, 2, 3]]],
    ['a tuple', t.tuple(t.u8, t.string), [[1, 'a']], [[1], [1, 'a', 2], ['a', 1]]],
    ['a map', t.map(t.string, t.u8), [{ a: 1 }, {}], [{ a: 'x' }, []]],
    ['a map of chars', t.map(t.char, t.u8), [{ a: 1 }], [{ ab: 1 }]],
    [
      'a map of numbers',
      t.map(t.u64, t.bool),
      [
        [
          [1, true],
          ['18446744073709551615', false],
        ],
      ],
      [{ 1: true }, [[1]]],
    ],
    ['a struct', Row, [{ id: 1 }, { id: '1', note: null }], [{ note: null }, { id: 1, other: 1 }]],
    ['an enum', Shape, ['Dot', { Circle: 1 }], ['Circle', { Dot: 1 }, {}]],
    ['an option', t.option(t.u8), [null, 1], ['1']],
  ])('accepts and rejects arguments of the type %s as a call does', async (_what, type, valid, invalid) => {
    const Echo = defineInterface('Echo', { version: 1, methods: { echo: method({ value: type }, type) } });
    const validate = validator(jsonSchema(Echo).methods['echo']?.arguments);
    await using host = await PluginHost.open({ executor: 'inline', searchPaths: [writeEcho(Echo)] });
    const { client } = await host.load('echo', Echo);
    const send = async (value: JsonValue) => client.echo(fromJson(type, value) as never);

    expect(valid.filter((value) => !validate({ value }))).toEqual([]);
    expect(await Promise.all(valid.map(async (value) => problemOf(send(value))))).toEqual(valid.map(() => undefined));
    expect(invalid.filter((value) => validate({ value }))).toEqual([]);
  });

  it('rejects what is no interface', async () => {
    expect(await failureOf(() => jsonSchema({} as never))).toMatchObject({ code: 'FIDIUS_ARGUMENT_INVALID' });
  });
});

describe('values of any type', () => {
  // ajv does not check properties of this name.
  const samples = fc.sample(anySample, { numRuns: 200, seed: 11 }).filter(({ type }) => !hasField(type, '__proto__'));
  const Echo = defineInterface('Echo', {
    version: 1,
    methods: Object.fromEntries(samples.map(({ type }, index) => [`echo${index}`, method({ value: type }, type)])),
  });
  const schemas = samples.map((_, index) => {
    const { arguments: given, result } = jsonSchema(Echo).methods[`echo${index}`] ?? fail();
    return { argument: validator(given), result: validator(result) };
  });

  it('match the schema as arguments, and as the results that Python returns', async () => {
    await using host = await PluginHost.open({ executor: 'inline', searchPaths: [writeEcho(Echo)] });
    const { client } = await host.load('echo', Echo);
    const strays: unknown[] = [];
    for (const [index, { type, value }] of samples.entries()) {
      for (const sent of fc.sample(value, { numRuns: 5, seed: index })) {
        const argument = parsed(toJson(sent));
        const result = parsed(toJson(await client[`echo${index}`]?.(fromJson(type, argument))));
        if (schemas[index]?.argument({ value: argument }) !== true) strays.push({ rust: type.rust, argument });
        if (schemas[index]?.result(result) !== true) strays.push({ rust: type.rust, result });
      }
    }

    expect(strays).toEqual([]);
  });

  it('reach Python from every JSON that matches the schema', async () => {
    await using host = await PluginHost.open({ executor: 'inline', searchPaths: [writeEcho(Echo)] });
    const { client } = await host.load('echo', Echo);
    let matching = 0;
    const strays: unknown[] = [];
    for (const [index, { type, value }] of samples.entries()) {
      const mutated = fc.tuple(value, fc.infiniteStream(fc.nat()), replacement);
      for (const [sent, choices, other] of fc.sample(mutated, { numRuns: 60, seed: index })) {
        const json = mutate(parsed(toJson(sent)), choices, other);
        if (schemas[index]?.argument({ value: json }) !== true) continue;
        matching += 1;
        const failure = await problemOf((async () => client[`echo${index}`]?.(fromJson(type, json)))());
        if (failure !== undefined && !isBeyondSchemas(failure)) strays.push({ rust: type.rust, json, failure });
      }
    }

    expect(strays).toEqual([]);
    expect(matching).toBeGreaterThan(400);
  });
});

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);

/** Checks the schema against the meta-schema as well, in strict mode. */
function validator(schema: JsonSchema | undefined): ValidateFunction {
  return ajv.compile(schema ?? fail());
}

async function problemOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function fail(): never {
  throw new Error('there is no such method');
}

function hasField({ shape }: AnyType, name: string): boolean {
  const text = JSON.stringify(shape, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  return text.includes(`${JSON.stringify(name)}:`);
}

function parsed(value: JsonValue): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

const replacement = fc.constantFrom<JsonValue>(
  null,
  true,
  0,
  -1,
  1.5,
  300,
  2 ** 53,
  1e300,
  '',
  'x',
  '1',
  '-7',
  'NaN',
  'AA==',
  'AA',
  'Dot',
  '2024-02-29',
  '2024-05-01T12:30:00',
  '2024-05-01T12:30:00Z',
  '1E+5',
  [],
  [1],
  ['x', null],
  {},
  { a: 1 },
  { x: null },
);

/** Replaces one part of a value, which the numbers choose. */
function mutate(value: JsonValue, choices: Iterator<number>, other: JsonValue): JsonValue {
  const next = () => Number(choices.next().value);
  if (typeof value !== 'object' || value === null || next() % 3 === 0) return other;
  const keys = Object.keys(value);
  const key = keys[next() % (keys.length || 1)];
  if (key === undefined) return other;
  if (Array.isArray(value))
    return value.map((item, index) => (String(index) === key ? mutate(item, choices, other) : item));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, name === key ? mutate(item, choices, other) : item]),
  );
}

/** What the page on JSON Schema lists as beyond the schemas: equal lengths of nested arrays. */
function isBeyondSchemas(failure: unknown): boolean {
  return failure instanceof Error && /must be a list of \d+|items, as the shape states/.test(failure.message);
}

function writeEcho(definition: Parameters<typeof generatePythonStub>[0]): string {
  const searchPath = tempFolder();
  fill(searchPath, {
    'echo/package.toml': pythonManifest('echo').replace('"Greeter"', '"Echo"'),
    'echo/demo.py': generatePythonStub(definition).replaceAll(/raise NotImplementedError\(.*\)/g, 'return value'),
  });
  return searchPath;
}
