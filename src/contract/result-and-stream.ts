import type { AnyType } from './type.ts';

// These types are not part of another type: they are the return of a method, a stream also an argument.

const resultBrand = Symbol.for('fidius.result-type');
const streamBrand = Symbol.for('fidius.stream-type');

/** `Result<T, E>` as a return: Python returns the `T` or raises, the caller gets the `T` or a `PluginError`. */
export interface ResultType<T extends AnyType = AnyType> {
  /** The type in Rust source, for the interface hash. */
  readonly rust: string;
  /** The type of the value. */
  readonly inner: T;
}

/** `Stream<T>` as a return or an argument: a generator or an iterator in Python. */
export interface StreamType<T extends AnyType = AnyType> {
  /** The type in Rust source, for the interface hash. */
  readonly rust: string;
  /** The type of each item. */
  readonly item: T;
}

export function createResultType<T extends AnyType>(rust: string, inner: T): ResultType<T> {
  return Object.freeze({ rust, inner, [resultBrand]: true });
}

export function createStreamType<T extends AnyType>(rust: string, item: T): StreamType<T> {
  return Object.freeze({ rust, item, [streamBrand]: true });
}

export function isResultType(value: unknown): value is ResultType {
  return typeof value === 'object' && value !== null && resultBrand in value;
}

export function isStreamType(value: unknown): value is StreamType {
  return typeof value === 'object' && value !== null && streamBrand in value;
}
