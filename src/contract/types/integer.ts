import type { ValueWriter } from '../../codec/value-writer.ts';
import { createType, type Type } from '../type.ts';
import { badArgument, badResult } from '../type-mismatch.ts';

/** An integer of at most 32 bits: a number on both sides. */
export function smallInteger(rust: 'i8' | 'i16' | 'i32' | 'u8' | 'u16' | 'u32'): Type<number> {
  const { minimum, maximum, expected } = range(rust, Number(rust.slice(1)));
  return numberType(rust, Number(minimum), Number(maximum), expected);
}

/** An integer of 64 bits in Rust whose values are safe integers, and numbers in JavaScript. */
export function safeInteger(rust: 'i64' | 'u64'): Type<number> {
  const name = rust === 'i64' ? 't.int53' : 't.uint53';
  const low = rust === 'i64' ? Number.MIN_SAFE_INTEGER : 0;
  return numberType(rust, low, Number.MAX_SAFE_INTEGER, `a safe integer, from ${low} to 9007199254740991 (${name})`);
}

function numberType(rust: string, low: number, high: number, expected: string): Type<number> {
  const check = (value: unknown): number => {
    if (typeof value !== 'number' || !(value >= low && value <= high) || !Number.isInteger(value)) {
      throw badArgument(expected, value);
    }
    return value + 0; // -0 is a zero too
  };
  const read = (value: unknown): number => {
    if (typeof value !== 'number' || !(value >= low && value <= high) || !Number.isInteger(value)) {
      throw badResult(expected, value);
    }
    return value;
  };
  return integerType({ rust, minimum: BigInt(low), maximum: BigInt(high) }, check, read);
}

/**
 * An integer that may exceed the safe integers: a bigint. A number that is a safe integer is accepted too.
 *
 * @param bits 64 for `isize` and `usize`, as on every supported platform.
 */
export function largeInteger(
  rust: 'i64' | 'u64' | 'i128' | 'u128' | 'isize' | 'usize',
  bits: 64 | 128,
): Type<bigint, bigint | number> {
  const { minimum, maximum, expected } = range(rust, bits);
  const lowest = Number(minimum);
  // Truncating and comparing is the fastest check in V8.
  const fits =
    minimum === 0n
      ? (value: bigint) => BigInt.asUintN(bits, value) === value
      : (value: bigint) => BigInt.asIntN(bits, value) === value;

  const check = (value: unknown): number | bigint => {
    if (typeof value === 'number') {
      if (Number.isSafeInteger(value) && value >= lowest) return value + 0; // -0 is a zero too
      if (Number.isInteger(value)) throw badArgument(`${expected}, as a bigint where a number is not exact`, value);
    } else if (typeof value === 'bigint' && fits(value)) return value;
    throw badArgument(expected, value);
  };
  const read = (value: unknown): bigint => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= lowest) return BigInt(value);
    if (typeof value !== 'bigint' || !fits(value)) throw badResult(expected, value);
    return value;
  };
  return integerType({ rust, minimum, maximum }, check, read);
}

function integerType<Out, In>(
  { rust, minimum, maximum }: { readonly rust: string; readonly minimum: bigint; readonly maximum: bigint },
  check: (value: unknown) => number | bigint,
  read: (value: unknown) => Out,
): Type<Out, In> {
  const write = (writer: ValueWriter, value: unknown) => writer.int(check(value));
  const shape = { kind: 'integer', minimum, maximum } as const;
  return createType({ rust, shape, converter: { scalar: { kind: 'int', check }, write, read } });
}

function range(rust: string, bits: number): { minimum: bigint; maximum: bigint; expected: string } {
  const minimum = rust.startsWith('i') ? -(2n ** BigInt(bits - 1)) : 0n;
  const maximum = 2n ** BigInt(rust.startsWith('i') ? bits - 1 : bits) - 1n;
  return { minimum, maximum, expected: `an integer from ${minimum} to ${maximum} (${rust})` };
}
