import type { ScalarKind } from '../codec/method-codec.ts';
import type { ItemArrays } from '../codec/pickle/pickle-globals.ts';
import type { ValueWriter } from '../codec/value-writer.ts';

// Symbol.for, so that a type of a second copy of the package is recognised.
const brand = Symbol.for('fidius.type');

declare const values: unique symbol;

/**
 * A type of the contract, made with `t.*`.
 *
 * `Out` is the type of results, `In` that of arguments. They differ where JavaScript has several representations: an
 * `i64` is returned as `bigint` and may be passed as `number`.
 */
export interface Type<Out = unknown, In = Out> {
  /** The type in Rust source, such as `Vec<u8>`, for the interface hash. */
  readonly rust: string;
  /** The structure of the type, for descriptions in other languages. */
  readonly shape: TypeShape;
  /** @internal */
  readonly converter: Converter;
  /** Only for the compiler. */
  readonly [values]?: { readonly out: Out; readonly in: (value: In) => void };
}

/** Any type at all. */
export type AnyType = Type<unknown, never>;

/** The TypeScript type of a result of this type. */
export type OutputOf<T> = T extends Type<infer Out, never> ? Out : never;

/** The TypeScript type of an argument of this type. */
export type InputOf<T> = T extends Type<unknown, infer In> ? In : never;

/**
 * Converts values of one type. Created once, with the type. Runs for every value, so it must not allocate for a valid
 * one. Throws a `ValueProblem` for an invalid one; the containers around it complete its path.
 */
export interface Converter {
  /** The conversion without encoding, for a scalar. */
  readonly scalar: Scalar | undefined;
  /** Checks a value and writes it. */
  readonly write: (writer: ValueWriter, value: unknown) => void;
  /** Converts a decoded value (`decodeValue` with integral floats wrapped) to the type. Does not modify it. */
  readonly read: (value: unknown) => unknown;
}

/** The structure of a type, for the generators of other languages. */
export type TypeShape =
  | { readonly kind: 'bool' | 'char' | 'string' | 'bytes' | 'unit' | 'any' }
  | { readonly kind: 'integer'; readonly minimum: bigint; readonly maximum: bigint }
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  | { readonly kind: 'datetime'; readonly isAware: boolean }
  | { readonly kind: 'date' | 'decimal' | 'uuid' }
  | { readonly kind: 'ndarray'; readonly dtype: keyof ItemArrays; readonly dimensions: number }
  | { readonly kind: 'list'; readonly item: AnyType; readonly length: number | undefined }
  | { readonly kind: 'tuple'; readonly items: readonly AnyType[] }
  | { readonly kind: 'option'; readonly inner: AnyType }
  | { readonly kind: 'map'; readonly key: AnyType; readonly value: AnyType }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: Fields; readonly doc: string | undefined }
  | { readonly kind: 'enum'; readonly name: string; readonly variants: Fields; readonly doc: string | undefined };

/** Names to types, in the order of their declaration. */
export type Fields = Readonly<Record<string, AnyType>>;

export interface Scalar {
  readonly kind: ScalarKind;
  /** Checks an argument, and returns it in the form that the kind requires. */
  readonly check: (value: unknown) => unknown;
}

/** Creates a type. The caller states `Out` and `In`; they are not checked. */
export function createType<Out, In = Out>(parts: {
  readonly rust: string;
  readonly shape: TypeShape;
  readonly converter: Converter;
}): Type<Out, In> {
  return Object.freeze({ ...parts, [brand]: true });
}

export function isType(value: unknown): value is AnyType {
  return typeof value === 'object' && value !== null && brand in value;
}
