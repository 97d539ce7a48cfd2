import { isIntegralFloat } from '../../codec/integral-float.ts';
import { createType, type Type } from '../type.ts';
import { badArgument, badResult } from '../type-mismatch.ts';

export const bool: Type<boolean> = createType({
  rust: 'bool',
  shape: { kind: 'bool' },
  converter: {
    scalar: { kind: 'bool', check: checkBool },
    write: (writer, value) => writer.bool(checkBool(value)),
    read(value) {
      if (typeof value !== 'boolean') throw badResult('a bool', value);
      return value;
    },
  },
});

function checkBool(value: unknown): boolean {
  if (typeof value !== 'boolean') throw badArgument('a boolean', value);
  return value;
}

/** No value: `()` in Rust, `None` in Python. */
export const unit: Type<undefined, undefined | null> = createType({
  rust: '()',
  shape: { kind: 'unit' },
  converter: {
    scalar: { kind: 'none', check: checkUnit },
    write(writer, value) {
      checkUnit(value);
      writer.none();
    },
    read(value) {
      // The Rust host accepts an empty list as a unit too.
      if (value !== null && !(Array.isArray(value) && value.length === 0)) throw badResult('None', value);
      return undefined;
    },
  },
});

function checkUnit(value: unknown): null {
  if (value !== null && value !== undefined) throw badArgument('undefined', value);
  return null;
}

export const f64: Type<number> = createType({
  rust: 'f64',
  shape: { kind: 'float' },
  converter: {
    scalar: { kind: 'float', check: checkF64 },
    write: (writer, value) => writer.float(checkF64(value)),
    read: readF64,
  },
});

function checkF64(value: unknown): number {
  if (typeof value !== 'number') throw badArgument('a number', value);
  return value;
}

function readF64(value: unknown): number {
  if (typeof value === 'number') return value;
  if (isIntegralFloat(value)) return value.value;
  if (typeof value === 'bigint') {
    const nearest = Number(value);
    if (Number.isFinite(nearest) && BigInt(nearest) === value) return nearest;
    throw badResult('a number that fits a float without loss', value);
  }
  throw badResult('a number', value);
}

/** 32 bits: a value is rounded to the nearest such float in both directions, as in Rust. */
export const f32: Type<number> = createType({
  rust: 'f32',
  shape: { kind: 'float' },
  converter: {
    scalar: { kind: 'float', check: checkF32 },
    write: (writer, value) => writer.float(checkF32(value)),
    read(value) {
      const wide = readF64(value);
      const narrow = Math.fround(wide);
      if (Number.isFinite(wide) && !Number.isFinite(narrow)) throw badResult(f32Range, value);
      return narrow;
    },
  },
});

const f32Range = 'a number in the range of 32-bit floats';

function checkF32(value: unknown): number {
  const wide = checkF64(value);
  const narrow = Math.fround(wide);
  if (Number.isFinite(wide) && !Number.isFinite(narrow)) throw badArgument(f32Range, value);
  return narrow;
}
