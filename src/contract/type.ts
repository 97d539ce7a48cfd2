import type { ScalarKind } from '../codec/method-codec.ts';
import type { ValueWriter } from '../codec/value-writer.ts';

// Symbol.for, so that a type made by a second copy of the package is recognised all the same.
const brand = Symbol.for('fidius.type');

declare const values: unique symbol;

/**
 * A type of the contract, made with `t.*`.
 *
 * `Out` is what a caller gets when Python returns such a value, `In` what may be passed; they differ where JavaScript
 * has more than one way to say a thing (an `i64` comes as `bigint` and may be passed as `number`).
 */
export interface Type<Out = unknown, In = Out> {
  /** The type in Rust source, such as `Vec<u8>`: what the interface hash is made of. */
  readonly rust: string;
  /** What the type is made of, for whoever describes it in another language. */
  readonly shape: TypeShape;
  /** @internal */
  readonly converter: Converter;
  /** Only for the compiler. */
  readonly [values]?: { readonly out: Out; readonly in: (value: In) => void };
}

/** Any type at all. */
export type AnyType = Type<unknown, never>;

/** What a result of this type is in TypeScript. */
export type OutputOf<T> = T extends Type<infer Out, never> ? Out : never;

/** What may be passed as an argument of this type. */
export type InputOf<T> = T extends Type<unknown, infer In> ? In : never;

/**
 * How values of one type cross. Made once, when the type is; runs for every value, so it must not allocate when all is
 * well. What does not fit is thrown as a `ValueProblem`, whose path the containers around it complete.
 */
export interface Converter {
  /** How a value may skip the codec, if it is a scalar. */
  readonly scalar: Scalar | undefined;
  /** Checks a value and writes it. */
  readonly write: (writer: ValueWriter, value: unknown) => void;
  /** Converts what came from Python (`decodeValue` with integral floats wrapped) into the type. Never changes its input. */
  readonly read: (value: unknown) => unknown;
}

/** What a type is made of, for the generators that write it down in another language. */
export type TypeShape =
  | { readonly kind: 'bool' | 'integer' | 'float' | 'char' | 'string' | 'bytes' | 'unit' | 'any' }
  | { readonly kind: 'list'; readonly item: AnyType }
  | { readonly kind: 'tuple'; readonly items: readonly AnyType[] }
  | { readonly kind: 'option'; readonly inner: AnyType }
  | { readonly kind: 'map'; readonly key: AnyType; readonly value: AnyType }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: Fields; readonly doc: string | undefined }
  | { readonly kind: 'enum'; readonly name: string; readonly variants: Fields; readonly doc: string | undefined };

/** Names to types, in the order of their declaration. */
export type Fields = Readonly<Record<string, AnyType>>;

export interface Scalar {
  readonly kind: ScalarKind;
  /** Checks a value on its way to Python; returns it in the one form that the kind asks for. */
  readonly check: (value: unknown) => unknown;
}

/** Makes a type; `Out` and `In` are stated by the caller and nowhere checked. */
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
