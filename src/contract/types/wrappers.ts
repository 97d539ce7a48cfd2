import { isMissingValue } from '../../codec/intermediate-values.ts';
import { createResultType, createStreamType, type ResultType, type StreamType } from '../result-and-stream.ts';
import { type AnyType, createType, type InputOf, isType, type OutputOf, type Type } from '../type.ts';
import { requireRustType, requireType } from './require-type.ts';

/**
 * `Option<T>`: `null` for `None`, in both directions. `undefined` is accepted too, and a field of this type may be
 * omitted.
 */
export function option<T extends AnyType>(inner: T): Type<OutputOf<T> | null, InputOf<T> | null | undefined> {
  const type = requireType(inner, 't.option()');
  const { write, read } = type.converter;
  return createType({
    rust: `Option<${type.rust}>`,
    shape: { kind: 'option', inner: type },
    converter: {
      scalar: undefined,
      write(writer, value) {
        if (value === null || value === undefined) writer.none();
        else write(writer, value);
      },
      // A missing key of a dict is None, as in the Rust host.
      read: (value) => (value === null || value === undefined || isMissingValue(value) ? null : read(value)),
    },
  });
}

/**
 * `Result<T, E>`, as the return of a method.
 *
 * Python returns the `T`, or raises; the caller gets the `T`, or the promise rejects with a `PluginError`. The `E` is
 * relevant only for the hash.
 *
 * @param error the error type, as a type or in Rust source.
 */
export function result<T extends AnyType>(inner: T, error: AnyType | string = 'PluginError'): ResultType<T> {
  requireType(inner, 't.result()');
  const errorType = isType(error) ? error.rust : requireRustType(error, 't.result()');
  return createResultType(`Result<${inner.rust}, ${errorType}>`, inner);
}

/** `Stream<T>`, as the return of a method (a generator in Python) or as one of its arguments (an iterator). */
export function stream<T extends AnyType>(item: T): StreamType<T> {
  requireType(item, 't.stream()');
  return createStreamType(`fidius::Stream<${item.rust}>`, item);
}
