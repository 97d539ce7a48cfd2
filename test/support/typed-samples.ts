import fc from 'fast-check';
import { type AnyType, t } from '../../src/index.ts';

/** A type, and values that must come back from Python as they were sent. */
export interface Sample {
  readonly type: AnyType;
  readonly value: fc.Arbitrary<unknown>;
}

const anyMoment = fc.date({
  min: new Date('0001-01-02T00:00:00Z'),
  max: new Date('9999-12-30T00:00:00Z'),
  noInvalidDate: true,
});
const naiveText = fc
  .tuple(anyMoment, fc.integer({ min: 0, max: 999_999 }))
  .map(
    ([moment, micros]) =>
      moment.toISOString().slice(0, 19) + (micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`),
  );
const offset = fc
  .integer({ min: -1439, max: 1439 })
  .map(
    (minutes) => `${minutes < 0 ? '-' : '+'}${twoDigits(Math.abs(minutes) / 60)}:${twoDigits(Math.abs(minutes) % 60)}`,
  );
const twoDigits = (value: number) => String(Math.trunc(value)).padStart(2, '0');
/** As `str()` of a `Decimal` writes numbers with few zeros. */
const decimalText = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.option(fc.stringMatching(/^\d{1,5}$/)))
  .map(([isNegative, whole, fraction]) => `${isNegative ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`);

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
  { type: t.int53, value: fc.maxSafeInteger() },
  { type: t.uint53, value: fc.maxSafeNat() },
  { type: t.datetime, value: fc.tuple(naiveText, offset).map((parts) => parts.join('')) },
  { type: t.naiveDatetime, value: naiveText },
  { type: t.date, value: naiveText.map((text) => text.slice(0, 10)) },
  { type: t.decimal, value: decimalText },
  { type: t.uuid, value: fc.uuid() },
  { type: t.ndarray('float64'), value: fc.float64Array() },
  { type: t.ndarray('float32', 2), value: shaped('float32', fc.float32Array({ minLength: 6, maxLength: 6 })) },
  { type: t.ndarray('uint8'), value: fc.uint8Array() },
  { type: t.ndarray('bool', 2), value: shaped('bool', fc.uint8Array({ minLength: 6, maxLength: 6, max: 1 })) },
  { type: t.ndarray('int16', 2), value: shaped('int16', fc.int16Array({ minLength: 6, maxLength: 6 })) },
  { type: t.ndarray('int64'), value: fc.bigInt64Array() },
  { type: t.ndarray('uint64', 2), value: shaped('uint64', fc.bigUint64Array({ minLength: 6, maxLength: 6 })) },
  { type: t.f64, value: fc.oneof(fc.double(), fc.integer()) },
  { type: t.f32, value: fc.float() },
  { type: t.char, value: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  { type: t.string, value: fc.string({ unit: 'binary' }) },
  { type: t.bytes, value: fc.uint8Array() },
  { type: t.unit, value: fc.constant(undefined) },
  { type: t.enum('Color', ['Red', 'Green']), value: fc.constantFrom('Red', 'Green') },
);
/** The six items in a shape of two dimensions. */
function shaped(dtype: string, items: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.record(
    { dtype: fc.constant(dtype), shape: fc.constantFrom([2, 3], [6, 1], [1, 6]), data: items },
    { noNullPrototype: true },
  );
}

const fieldNames = ['a', 'from', 'unit price', '__proto__', 'constructor', 'é'];

/** Types of any shape, with values of them. */
export const { sample: anySample } = fc.letrec<{ sample: Sample }>((tie) => ({
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
