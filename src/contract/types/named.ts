import { pathTo } from '../../codec/container.ts';
import { isIntegralFloat, isMissingValue, missingHint } from '../../codec/intermediate-values.ts';
import { repeatedKey } from '../../codec/pickle/add-items.ts';
import { ValueProblem } from '../../codec/value-problem.ts';
import { writeValue } from '../../codec/write-value.ts';
import { definitionError } from '../definition.ts';
import { parseRustTokens, streamItem } from '../hash/rust-source.ts';
import { createStreamType, isStreamType, type StreamType } from '../result-and-stream.ts';
import { type AnyType, createType, type InputOf, type OutputOf, type Type } from '../type.ts';
import { requireRustType, requireType } from './require-type.ts';

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

/**
 * Replaces every `IntegralFloat` in a value from Python by its number, for values without declared type.
 *
 * Modifies the value, without recursion: nesting may be deep, and a container may occur several times.
 */
function unwrapFloats(value: unknown): unknown {
  const seen = new Set<object>();
  const waiting: object[] = [];
  const plain = (item: unknown): unknown => {
    if (isIntegralFloat(item)) return item.value;
    if (typeof item === 'object' && item !== null && !ArrayBuffer.isView(item) && !seen.has(item)) {
      seen.add(item);
      waiting.push(item);
    }
    return item;
  };

  const result = plain(value);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const found = unwrapItems(next, plain);
    if (found === undefined) continue;
    throw new ValueProblem('FIDIUS_VALUE_RESULT', found.problem, {
      path: pathTo(result, next) ?? '',
      hint: found.hint,
    });
  }
  return result;
}

/** @returns what JavaScript cannot represent: a missing value, or keys that became equal when floats became numbers. */
function unwrapItems(
  container: object,
  plain: (item: unknown) => unknown,
): { readonly problem: string; readonly hint: string } | undefined {
  if (Array.isArray(container)) {
    for (let at = 0; at < container.length; at += 1) container[at] = plain(container[at]);
  } else if (container instanceof Map) {
    const entries = [...container];
    container.clear();
    for (const [key, value] of entries) container.set(plain(key), plain(value));
    if (container.size !== entries.length)
      return repeatedKey(container, repeatedOf(entries.map(([key]) => plain(key))));
  } else if (container instanceof Set) {
    const items = [...container];
    container.clear();
    for (const item of items) container.add(plain(item));
    if (container.size !== items.length) return repeatedKey(container, repeatedOf(items.map(plain)));
  } else if (Object.getPrototypeOf(container) !== Object.prototype && isMissingValue(container)) {
    return { problem: `${container.name} has no counterpart in JavaScript`, hint: missingHint };
  } else {
    for (const [key, value] of Object.entries(container)) {
      // An own property of that name exists, so this does not assign to a prototype.
      (container as Record<string, unknown>)[key] = plain(value);
    }
  }
  return undefined;
}

function repeatedOf(keys: readonly unknown[]): unknown {
  const seen = new Set();
  return keys.find((key) => seen.size === seen.add(key).size);
}
