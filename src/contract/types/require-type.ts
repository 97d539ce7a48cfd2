import { describe } from '../../errors/options.ts';
import { definitionError } from '../definition.ts';
import { parseRustTokens } from '../hash/rust-source.ts';
import { isResultType, isStreamType } from '../result-and-stream.ts';
import { type AnyType, type Fields, isType } from '../type.ts';
import { isPlainObject } from './plain-object.ts';

/** Returns `value` if it is a type that can be part of another one. @throws FidiusError `FIDIUS_INTERFACE_INVALID`. */
export function requireType(value: unknown, place: string): AnyType {
  if (isType(value)) return value;
  if (isStreamType(value)) {
    throw definitionError(
      `A stream cannot be part of another type, as in ${place}`,
      'Make it a whole argument or the whole return of a method.',
    );
  }
  if (isResultType(value)) {
    throw definitionError(`A result can only be the return of a method, not part of another type, as in ${place}`);
  }
  throw definitionError(`${place} needs a type made with t.*, got ${describe(value)}`);
}

/**
 * The fields of a struct or the variants of an enum, as a copy in the order of their declaration.
 *
 * The names are those of encoded values. They need not be Rust names: Rust may use others (`serde(rename)`).
 */
export function requireFields(fields: unknown, place: string): Fields {
  if (!isPlainObject(fields))
    throw definitionError(`${place} needs an object of names and types, got ${describe(fields)}`);
  const entries = Object.entries(fields).map(([name, type]) => [name, requireType(type, `${place}, ${name}`)]);
  return Object.freeze(Object.fromEntries(entries));
}

/** The source of a Rust type, as given: `Row`, `crate::rows::Row`, `Page<Row>`. */
export function requireRustType(source: unknown, place: string): string {
  if (typeof source !== 'string') {
    throw definitionError(`${place} needs the name of a Rust type, got ${describe(source)}`);
  }
  parseRustTokens(source);
  return source;
}
