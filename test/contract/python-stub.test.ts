import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyType, defineInterface, type Interface, type Method, method, t } from '../../src/index.ts';
import { generatePythonStub } from '../../src/packaging.ts';
import { importStubs } from '../support/python-stubs.ts';
import { findPythons } from '../support/pythons.ts';
import { interfaces as ofVectors } from './interface-vectors.ts';

const Row = t.struct(
  'crate::rows::Row',
  { id: t.u64, price: t.f64, note: t.option(t.string) },
  { doc: 'One line of a bill.' },
);
const Shape = t.enum(
  'Shape',
  {
    Dot: t.unit,
    Cross: t.unit,
    Circle: t.f64,
    Line: t.tuple(t.f64, t.u8),
    Box: { width: t.u8, label: t.option(t.string) },
  },
  { doc: 'What can be drawn.' },
);

const Greeter = defineInterface('Greeter', {
  version: 1,
  methods: { greet: method({ name: t.string }, t.string) },
});

const Everything = defineInterface('Everything', {
  version: 2,
  doc: 'Uses every type there is.\n\nSecond paragraph.',
  methods: {
    scalars: method([{ a: t.bool }, { b: t.i64 }, { c: t.f32 }, { d: t.char }, { e: t.str }, { f: t.bytes }], t.u128, {
      doc: 'Takes one of each.',
    }),
    nothing: method(),
    unit: method({ value: t.unit }, t.unit),
    containers: method(
      [{ list: t.list(t.option(t.u8)) }, { array: t.array(t.f64, 3) }, { pair: t.tuple(t.string, t.u8, t.string) }],
      t.tuple(t.string, t.list(t.u8)),
    ),
    maps: method({ counts: t.map(t.string, t.u32) }, t.map.btree(t.u64, Row)),
    rows: method([{ rows: t.list(Row) }, { limit: t.u32 }], t.result(t.list(Row)), {
      doc: 'Keeps the rows that matter.\n\nRaises PluginError("EMPTY") when there are none.',
      argumentDocs: { limit: 'How many at most.\nZero for all.' },
    }),
    draw: method([{ shape: Shape }, { color: t.enum('Color', ['Red', 'Green']) }], t.option(Shape)),
    paint: method({ shape: Shape }, t.enum('Color', ['Red', 'Green'])),
    anything: method({ value: t.named('serde_json::Value') }, t.named('Box<Row>', Row)),
    reverse: method.raw(),
    tick: method({ count: t.u32 }, t.stream(t.u64), { doc: 'Counts up.' }),
    load: method([{ strict: t.bool }, { rows: t.stream(Row) }], t.u32, { argumentDocs: { rows: 'What to load.' } }),
    later: method({}, t.string, { optional: true, since: 2 }),
    later_raw: method.raw(t.result(t.bytes), { optional: true }),
    many: method(
      [{ first_argument: t.list(t.string) }, { second_argument: t.map(t.string, t.f64) }, { third_argument: t.u8 }],
      t.string,
    ),
  },
});

/** Names that mean something to Python, and text that could end a string or a line. */
const Hostile = defineInterface('Hostile', {
  version: 1,
  doc: 'Ends with a "quote"',
  methods: {
    from: method({ lambda: t.u8, 'r#type': t.u8, self: t.u8 }, t.list(t.string), {
      doc: 'A """ and a \\ in it\u2028here',
    }),
    'r#match': method([{ type: t.u8 }, { 'r#type': t.string }], t.string),
    from_: method(),
    method: method({}, t.string),
    list: method({ str: t.str }, t.list(t.u8)),
    builtins: method({}, t.bytes),
    dataclass: method({}, t.struct('Optional', { class: t.u8, 'unit price': t.f64, __secret: t.option(t.u8) })),
    TypedDict: method(
      { value: t.struct('method', { __init__: t.u8, 'a"b\\\n': t.u8 }) },
      t.struct('method', { x: t.u8 }),
    ),
    NotImplementedError: method({ value: t.struct('None', {}) }, t.struct('None', {}, { doc: 'Nothing.' })),
    globals: method(
      { value: t.enum('str', ['a"b', '\n', 'None']) },
      t.enum('print', { 'a b': t.u8 }, { doc: 'x\n\ny' }),
    ),
    größe: method({ größe: t.u8 }, t.struct('Größe<Row>', { größe: t.u8 })),
    ﬁnd: method({}, t.u8, { doc: '' }),
    Row: method({ value: Row }, Row),
    Row2: method({ value: t.struct('Row', { other: t.u8 }) }, t.struct('Row', { other: t.u8 })),
  },
});

/** Objects of the standard library, and names that hide their modules. */
const Objects = defineInterface('Objects', {
  version: 1,
  methods: {
    due: method([{ from: t.datetime }, { naive: t.naiveDatetime }], t.list(t.option(t.date))),
    bill: method(
      [{ rows: t.list(t.struct('Item', { id: t.uuid, price: t.decimal, date: t.date })) }],
      t.struct('Bill', { uuid: t.uuid, decimal: t.decimal, datetime: t.datetime }),
    ),
    Decimal: method({ count: t.int53 }, t.decimal),
    mean: method([{ values: t.ndarray('float64') }, { weights: t.ndarray('float32', 2) }], t.ndarray('float64', 2)),
  },
});
/** The names of the modules are functions. */
const Hidden = defineInterface('Hidden', {
  version: 1,
  methods: {
    datetime: method({ value: t.datetime }, t.uuid),
    memoryview: method({ value: t.ndarray('int8') }, t.date),
  },
});

describe('a Python stub', () => {
  it.each([Greeter, Everything, Hostile, Objects])('is the approved one for $name', async (definition) => {
    const name = definition.name.toLowerCase();

    await expect(generatePythonStub(definition)).toMatchFileSnapshot(`../fixtures/stubs/${name}.py`);
  });

  const all = [Greeter, Everything, Hostile, Objects, Hidden, ...Object.values(ofVectors)];

  it.each(findPythons())('is a module with hash, methods and hints that Python $version can import', (python) => {
    const problems = importStubs(python, all);

    expect(problems).toEqual(all.map(() => null));
  });

  it('can be imported whatever an interface calls its things', () => {
    const interfaces = fc.sample(anyInterface, { numRuns: 300, seed: 20 });
    const [python] = findPythons();
    if (python === undefined) throw new Error('No CPython found for the tests');

    const problems = importStubs(python, interfaces);

    expect(problems.flatMap((problem, index) => (problem === null ? [] : [[problem, interfaces[index]]]))).toEqual([]);
  });

  it('is the same for the same interface', () => {
    expect(generatePythonStub(Everything)).toBe(generatePythonStub(Everything));
  });
});

const words = (
  'a from None list method Any Row RowDict r#type type dataclass Union async self __init__ __x é ﬁ builtins _builtins ' +
  '_method Optional2 typing globals print datetime date Decimal UUID memoryview'
).split(' ');
const rustName = fc.constantFrom(...words);
const anyText = fc.oneof(
  rustName,
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom('"""', '\\', '\n', '\r', "'"),
);

const { type: anyType } = fc.letrec<{ type: AnyType }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<AnyType>(t.bool, t.i64, t.f32, t.char, t.string, t.bytes, t.unit, t.named('Value')),
    fc.constantFrom<AnyType>(t.datetime, t.date, t.decimal, t.uuid, t.int53, t.ndarray('float64', 2)),
    tie('type').map((item) => t.list(item)),
    tie('type').map((item) => t.option(item)),
    tie('type').map((item) => t.map(t.string, item)),
    fc.tuple(tie('type'), tie('type')).map((items) => t.tuple(...items)),
    fc
      .tuple(rustName, fc.dictionary(anyText, tie('type'), { maxKeys: 3 }), anyText)
      .map(([name, fields, doc]) => t.struct(name, { ...fields }, { doc })),
    fc
      .tuple(rustName, fc.dictionary(anyText, tie('type'), { minKeys: 1, maxKeys: 3 }), anyText)
      .map(([name, variants, doc]) => t.enum(name, { ...variants }, { doc })),
  ),
}));

const anyMethod: fc.Arbitrary<Method> = fc.oneof(
  fc
    .tuple(fc.uniqueArray(rustName, { maxLength: 3 }), anyType, anyType, anyText, fc.boolean(), fc.boolean())
    .map(([names, input, output, doc, optional, streams]) => {
      const args = names.map((name) => ({ [name]: input }));
      return method(args, streams ? t.stream(output) : output, { doc, optional });
    }),
  fc.constant(method.raw()),
);

const anyInterface: fc.Arbitrary<Interface> = fc
  .tuple(fc.dictionary(rustName, anyMethod, { minKeys: 1, maxKeys: 4 }), anyText)
  .map(([methods, doc]) => defineInterface('Any', { version: 1, methods: { ...methods }, doc }));
