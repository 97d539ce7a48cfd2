import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { PluginHost } from 'fidius';
import { expect, it } from 'vitest';
import { type AnyType, defineInterface, method, t } from '../../src/index.ts';
import { generatePythonStub } from '../../src/packaging.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** A type, and values that must come back from Python as they were sent. */
interface Sample {
  readonly type: AnyType;
  readonly value: fc.Arbitrary<unknown>;
}

const scalar = fc.constantFrom<Sample>(
  { type: t.bool, value: fc.boolean() },
  { type: t.i8, value: fc.integer({ min: -128, max: 127 }) },
  { type: t.u16, value: fc.integer({ min: 0, max: 65_535 }) },
  { type: t.i32, value: fc.integer() },
  { type: t.u32, value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) },
  { type: t.i64, value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { type: t.u64, value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  { type: t.i128, value: fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n }) },
  { type: t.u128, value: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }) },
  { type: t.f64, value: fc.oneof(fc.double(), fc.integer()) },
  { type: t.f32, value: fc.float() },
  { type: t.char, value: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  { type: t.string, value: fc.string({ unit: 'binary' }) },
  { type: t.bytes, value: fc.uint8Array() },
  { type: t.unit, value: fc.constant(undefined) },
  { type: t.enum('Color', ['Red', 'Green']), value: fc.constantFrom('Red', 'Green') },
);
const fieldNames = ['a', 'from', 'unit price', '__proto__', 'constructor', 'é'];

const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: 'small' },
    scalar,
    tie('sample').map(({ type, value }) => ({ type: t.list(type), value: fc.array(value, { maxLength: 5 }) })),
    tie('sample').map(({ type, value }) => ({
      type: t.array(type, 2),
      value: fc.array(value, { minLength: 2, maxLength: 2 }),
    })),
    // None inside a unit would come back as None of the option.
    tie('sample').map(({ type, value }) => ({ type: t.option(t.tuple(type)), value: fc.option(fc.tuple(value)) })),
    tie('sample').map(({ type, value }) => ({
      type: t.map(t.string, type),
      value: fc.dictionary(fc.constantFrom(...fieldNames), value, { noNullPrototype: true }),
    })),
    tie('sample').map(({ type, value }) => ({
      type: t.map.btree(t.u64, type),
      value: fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), value)).map((pairs) => new Map(pairs)),
    })),
    fc
      .tuple(tie('sample'), tie('sample'))
      .map(([a, b]) => ({ type: t.tuple(a.type, b.type), value: fc.tuple(a.value, b.value) })),
    fc.array(tie('sample'), { maxLength: 4 }).map((samples) => ({
      type: t.struct('S', Object.fromEntries(samples.map(({ type }, index) => [fieldNames[index], type]))),
      value: fc
        .tuple(...samples.map(({ value }) => value))
        .map((values) => Object.fromEntries(values.map((value, index) => [fieldNames[index], value]))),
    })),
    tie('sample').map(({ type, value }) => ({
      type: t.enum('E', { Dot: t.unit, One: t.list(type), Named: { x: type } }),
      value: fc.oneof(
        fc.constant('Dot'),
        fc.array(value, { maxLength: 3 }).map((One) => ({ One })),
        value.map((x) => ({ Named: { x } })),
      ),
    })),
  ),
}));

it('brings every value of every type to Python and back', async () => {
  const samples = fc.sample(sample, { numRuns: 150, seed: 7 });
  const Echo = defineInterface('Echo', {
    version: 1,
    methods: Object.fromEntries(samples.map(({ type }, index) => [`echo${index}`, method({ value: type }, type)])),
  });
  const searchPath = tempFolder();
  // The stub is the plugin: its functions give back what they got.
  const module = generatePythonStub(Echo).replaceAll(/raise NotImplementedError\(.*\)/g, 'return value');
  fill(searchPath, {
    'echo/package.toml': pythonManifest('echo').replace('"Greeter"', '"Echo"'),
    'echo/demo.py': module,
  });

  await using host = await PluginHost.open({ searchPaths: [searchPath] });
  const { sync } = await host.load('echo', Echo);

  const different = samples.flatMap(({ type, value }, index) => {
    const echo = (sync as Readonly<Record<string, (value: unknown) => unknown>>)[`echo${index}`];
    const pairs = fc.sample(value, { numRuns: 20, seed: index }).map((sent) => ({ type, sent, came: echo?.(sent) }));
    // Not toStrictEqual(), which takes a field called "constructor" for the class of the object.
    return pairs.filter(({ sent, came }) => !isDeepStrictEqual(sent, came));
  });
  expect(different).toEqual([]);
});
