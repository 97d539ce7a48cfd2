import { asBytes } from '../../codec/bytes.ts';
import { isIntegralFloat } from '../../codec/intermediate-values.ts';
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
  shape: { kind: 'float', bits: 64 },
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
  shape: { kind: 'float', bits: 32 },
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

/** An owned string. */
export const string = textType('String');

/** A borrowed string, as an argument. */
export const str = textType('&str');

function textType(rust: 'String' | '&str'): Type<string> {
  return createType({
    rust,
    shape: { kind: 'string' },
    converter: {
      scalar: { kind: 'str', check: checkText },
      // The writer checks for lone surrogates while it encodes.
      write: (writer, value) => writer.string(checkString(value)),
      read: readString,
    },
  });
}

function checkText(value: unknown): string {
  const text = checkString(value);
  if (!text.isWellFormed()) throw badArgument('a string without lone surrogates', value);
  return text;
}

function checkString(value: unknown): string {
  if (typeof value !== 'string') throw badArgument('a string', value);
  return value;
}

function readString(value: unknown): string {
  if (typeof value !== 'string') throw badResult('a str', value);
  return value;
}

/** One character: a Unicode scalar value, which takes one or two units of a JavaScript string. */
export const char: Type<string> = createType({
  rust: 'char',
  shape: { kind: 'char' },
  converter: {
    scalar: { kind: 'str', check: checkChar },
    write: (writer, value) => writer.string(checkChar(value)),
    read(value) {
      if (typeof value !== 'string' || !isChar(value)) throw badResult('a str of one character', value);
      return value;
    },
  },
});

function checkChar(value: unknown): string {
  if (typeof value !== 'string' || !isChar(value)) throw badArgument('a string of one character', value);
  return value;
}

function isChar(text: string): boolean {
  const length = (text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
  return text.length === length && text.isWellFormed();
}

/** Arguments that become `bytes` in Python. */
export type BytesInput = Uint8Array | ArrayBufferLike | DataView;

/** `Vec<u8>`, which is `bytes` in Python. As a result a list of small integers is accepted too, which the Rust host
 * requires. */
export const bytes: Type<Uint8Array, BytesInput> = createType({
  rust: 'Vec<u8>',
  shape: { kind: 'bytes' },
  converter: {
    scalar: { kind: 'bytes', check: checkBytes },
    write: (writer, value) => writer.bytes(checkBytes(value)),
    read(value) {
      if (value instanceof Uint8Array) return value;
      if (Array.isArray(value) && value.every(isByte)) return Uint8Array.from(value);
      throw badResult('bytes', value);
    },
  },
});

function checkBytes(value: unknown): Uint8Array {
  const memory = asBytes(value);
  if (memory === undefined) throw badArgument('a Uint8Array, an ArrayBuffer or a DataView', value);
  return memory;
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}
