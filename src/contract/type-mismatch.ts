import { isIntegralFloat, isMissingValue, missingHint } from '../codec/intermediate-values.ts';
import { type ValueErrorCode, ValueProblem } from '../codec/value-problem.ts';
import { describe } from '../errors/options.ts';

/** A value that does not have its declared type. Its message continues a sentence: `must be a string, got 3`. */
export class TypeMismatch extends ValueProblem {}

const argumentHint = 'Pass a value of that type.';
const resultHint = 'Have the method return a value of that type, or declare another type in the interface.';

/** The error for an argument that is not `expected`, such as `a string`. */
export function badArgument(expected: string, value: unknown, hint: string = argumentHint): TypeMismatch {
  return mismatch('FIDIUS_VALUE_ARGUMENT', expected, describe(value), hint);
}

/** The error for a value from Python that is not `expected`. */
export function badResult(expected: string, value: unknown, hint: string = resultHint): TypeMismatch {
  return mismatch('FIDIUS_VALUE_RESULT', expected, describeResult(value), isMissingValue(value) ? missingHint : hint);
}

function mismatch(code: ValueErrorCode, expected: string, got: string, hint: string): TypeMismatch {
  return new TypeMismatch(code, `must be ${expected}, got ${got}`, { hint });
}

/** Describes a value in terms of Python, as far as they are known. */
function describeResult(value: unknown): string {
  if (isIntegralFloat(value)) {
    return `the float ${Object.is(value.value, -0) ? '-0.0' : `${value.value}${Math.abs(value.value) < 1e21 ? '.0' : ''}`}`;
  }
  if (isMissingValue(value)) return value.name;
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Map) return 'a dict';
  if (value instanceof Set) return 'a set';
  if (typeof value === 'bigint') return String(value);
  const text = describe(value);
  return text === 'an object' ? 'a dict' : text;
}
