import type { TextObject } from '../../codec/value-writer.ts';
import { createType, type Type, type TypeShape } from '../type.ts';
import { badArgument, badResult } from '../type-mismatch.ts';

/**
 * Types that are text in JavaScript and in the Rust host, and objects of the standard library in Python.
 *
 * Python's `str()` of the object is the text of a result, so a plugin may return the object or the text.
 */

/** Creates a type whose arguments become objects of Python. Text in Rust, hence the spelling. */
export function textObjectType<In>(parts: {
  readonly shape: Extract<TypeShape, { readonly kind: TextObject }>;
  /** The text that Python reads. @throws TypeMismatch */
  readonly check: (value: unknown) => string;
  readonly read: (value: unknown) => string;
}): Type<string, In> {
  const { shape, check, read } = parts;
  return createType({
    rust: 'String',
    shape,
    converter: {
      // As a scalar it would be passed as text.
      scalar: undefined,
      write: (writer, value) => writer.objectOf(shape.kind, check(value)),
      read,
    },
  });
}

/** `decimal.Decimal`: its text. */
export const decimal: Type<string, string | bigint> = textObjectType({
  shape: { kind: 'decimal' },
  check(value) {
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'string' && isDecimal(value)) return value;
    throw badArgument(decimalArgument, value, typeof value === 'number' ? `Pass it as text: "${value}".` : undefined);
  },
  read(value) {
    if (typeof value === 'string' && isDecimal(value)) return value;
    // sum() of no decimals is the int 0. A float is not the decimal number that its digits show.
    if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return String(value);
    const hint = typeof value === 'string' ? 'Declare an option, and return None for a missing number.' : decimalHint;
    throw badResult(decimalResult, value, hint);
  },
});

const decimalArgument = 'a decimal number as text, such as "12.50", or a bigint';
const decimalResult = 'a finite Decimal';
const decimalHint = 'Return a Decimal: Decimal(str(value)).';

/** The largest exponent, which every build of Python accepts. */
const largestExponent = 999_999_999;

/** Finite numbers as Python writes them. Python also reads NaN, infinities, underscores and digits of other scripts. */
function isDecimal(text: string): boolean {
  const exponent = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?$/.exec(text);
  return exponent !== null && Math.abs(Number(exponent[1] ?? 0)) <= largestExponent;
}

/** `uuid.UUID`: its canonical text. */
export const uuid: Type<string> = textObjectType({
  shape: { kind: 'uuid' },
  check(value) {
    const text = canonicalUuid(value);
    if (text === undefined) throw badArgument('a UUID as text, such as "6ba7b810-9dad-11d1-80b4-00c04fd430c8"', value);
    return text;
  },
  read(value) {
    const text = canonicalUuid(value);
    if (text === undefined) throw badResult('a UUID', value);
    return text;
  },
});

/** In lower case. RFC 9562 allows both cases for input. */
function canonicalUuid(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value)
    ? value.toLowerCase()
    : undefined;
}
