import { writeValue } from '../../codec/write-value.ts';
import { definitionError } from '../definition-error.ts';
import { parseRustTokens } from '../hash/rust-source.ts';
import { streamItem } from '../hash/rust-stream.ts';
import { createStreamType, isStreamType, type StreamType } from '../result-and-stream.ts';
import { type AnyType, createType, type InputOf, type OutputOf, type Type } from '../type.ts';
import { requireRustType, requireType } from './require-type.ts';
import { unwrapFloats } from './unwrap-floats.ts';

/**
 * Any type of Rust, spelled as in the trait: `std::string::String`, `Box<Row>`, `serde_json::Value`.
 *
 * @param as the type of its values. Without it they are converted as in an untyped call, and are `unknown` in
 *   TypeScript.
 */
export function named(rust: string): Type<unknown>;
export function named<T extends AnyType>(rust: string, as: T): Type<OutputOf<T>, InputOf<T>>;
export function named<T extends AnyType>(rust: string, as: StreamType<T>): StreamType<T>;
export function named(rust: string, as?: AnyType | StreamType): AnyType | StreamType {
  const source = requireRustType(rust, 't.named()');
  if (isStreamType(as)) {
    if (streamItem(parseRustTokens(source)) !== undefined) return createStreamType(source, as.item);
    throw definitionError(`Rust does not recognise ${source} as a stream`, 'End the path with Stream<…>.');
  }
  const { shape, converter } = as === undefined ? untyped : requireType(as, 't.named()');
  return createType({ rust: source, shape, converter });
}

const untyped = createType({
  rust: '_',
  shape: { kind: 'any' },
  converter: { scalar: undefined, write: writeValue, read: unwrapFloats },
});
