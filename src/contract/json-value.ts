import { isDate, isMap, isSet } from 'node:util/types';
import { asBytes } from '../codec/bytes.ts';
import { inPath, isValueProblem, pathStep, ValueProblem } from '../codec/value-problem.ts';
import { checkChoice, checkOptionNames, describe } from '../errors/options.ts';
import { definitionError } from './definition.ts';
import { type AnyType, type Fields, type InputOf, isType } from './type.ts';
import { isPlainObject, setProperty } from './types/plain-object.ts';

/** A value that `JSON.stringify` writes without loss. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };

/** Options of {@link toJson}. */
export interface ToJsonOptions {
  /**
   * How a `bigint` is written: as a number where that is exact and otherwise as text, or always as text.
   *
   * @default 'number-or-text'
   */
  readonly bigints?: 'number-or-text' | 'text';
}

/**
 * Converts a result to a value that `JSON.stringify` accepts: a `bigint` to a number, or to its digits as text where a
 * number is not exact; bytes to base64; other typed arrays to arrays; a `Map` to an object, or to pairs if a key is not
 * a string; a `Set` to an array; NaN and the infinities to text; `undefined` to `null`. {@link fromJson} is the inverse.
 *
 * @throws FidiusError `FIDIUS_VALUE_JSON`, with a path, for a function, a symbol, an instance of a class, or a value that
 *   contains itself; `FIDIUS_OPTION_INVALID`, `FIDIUS_OPTION_UNKNOWN`.
 */
export function toJson(value: unknown, options: ToJsonOptions = {}): JsonValue {
  checkOptionNames('toJson()', options, ['bigints']);
  const { bigints = 'number-or-text' } = options;
  checkChoice('toJson()', 'bigints', bigints, ['number-or-text', 'text']);
  const open = new Set<object>();

  const convert = (item: unknown): JsonValue => {
    switch (typeof item) {
      case 'undefined':
        return null;
      case 'boolean':
      case 'string':
        return item;
      case 'number':
        return Number.isFinite(item) ? item : String(item);
      case 'bigint':
        return bigints === 'number-or-text' && Number.isSafeInteger(Number(item)) ? Number(item) : String(item);
      case 'object':
        return item === null ? null : convertObject(item);
      case 'function':
      case 'symbol':
        throw jsonProblem(`${describe(item)} has no form in JSON`);
    }
  };
  const convertObject = (item: object): JsonValue => {
    if (open.has(item)) throw jsonProblem('it contains itself');
    const bytes = asBytes(item);
    if (bytes !== undefined) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
    if (isDate(item)) return Date.prototype.toISOString.call(item);
    open.add(item);
    const converted = convertItems(item);
    open.delete(item);
    return converted;
  };
  const convertItems = (item: object): JsonValue => {
    if (Array.isArray(item)) return convertList(item);
    if (ArrayBuffer.isView(item)) return convertList(Array.prototype.slice.call(item));
    if (isSet(item)) return convertList([...item]);
    if (isMap(item)) {
      const entries = [...item];
      const isByName = entries.every(([key]) => typeof key === 'string');
      return isByName ? convertEntries(entries as [string, unknown][]) : convertList(entries);
    }
    if (isPlainObject(item)) return convertEntries(Object.entries(item));
    throw jsonProblem(`${describe(item)} has no form in JSON`);
  };
  const convertList = (items: readonly unknown[]) =>
    Array.from(items, (item, index) => inPath(pathStep(index), () => convert(item)));
  const convertEntries = (entries: readonly (readonly [string, unknown])[]) => {
    const result: Record<string, JsonValue> = {};
    for (const [name, item] of entries)
      setProperty(
        result,
        name,
        inPath(pathStep(name), () => convert(item)),
      );
    return result;
  };

  return located('value', 'Cannot write', () => convert(value));
}

/**
 * The inverse of {@link toJson} for values of one type: returns an argument of that type. Text becomes a `bigint` where
 * the type is an integer, bytes where it is `t.bytes`, a number where it is a float; pairs become a `Map`.
 *
 * The call checks all other properties of the value, as those of any argument.
 *
 * @throws FidiusError `FIDIUS_VALUE_JSON`, with a path, for text that is not base64 or not the digits of an integer;
 *   `FIDIUS_INTERFACE_INVALID` when `type` is not a type.
 */
export function fromJson<T extends AnyType>(type: T, value: unknown): InputOf<T> {
  if (!isType(type)) throw definitionError(`fromJson() needs a type made with t.*, got ${describe(type)}`);
  return located('value', 'Cannot read', () => restore(type, value)) as InputOf<T>;
}

function restore({ shape }: AnyType, value: unknown): unknown {
  switch (shape.kind) {
    case 'integer':
      return typeof value === 'string' ? digits(value) : value;
    case 'float':
      return nonFinite.get(value) ?? value;
    case 'bytes':
      return typeof value === 'string' ? fromBase64(value) : value;
    case 'option':
      return value === null ? null : restore(shape.inner, value);
    case 'list':
      return Array.isArray(value) ? restoreItems(value, () => shape.item) : value;
    case 'tuple':
      return Array.isArray(value) ? restoreItems(value, (index) => shape.items[index]) : value;
    case 'map':
      return restoreMap(shape.key, shape.value, value);
    case 'struct':
      return restoreFields(shape.fields, value);
    case 'enum':
      return restoreFields(shape.variants, value);
    case 'ndarray':
      return restoreArray(shape.dtype, value);
    case 'any':
    case 'bool':
    case 'char':
    case 'date':
    case 'datetime':
    case 'decimal':
    case 'string':
    case 'unit':
    case 'uuid':
      return value;
  }
}

const nonFinite: ReadonlyMap<unknown, number> = new Map(
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => [String(value), value]),
);

function restoreItems(items: readonly unknown[], typeOf: (index: number) => AnyType | undefined): unknown[] {
  return items.map((item, index) => {
    const type = typeOf(index);
    return type === undefined ? item : inPath(pathStep(index), () => restore(type, item));
  });
}

function restoreFields(fields: Fields, value: unknown): unknown {
  if (!isPlainObject(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const type = Object.hasOwn(fields, name) ? fields[name] : undefined;
    setProperty(result, name, type === undefined ? item : inPath(pathStep(name), () => restore(type, item)));
  }
  return result;
}

function restoreMap(key: AnyType, type: AnyType, value: unknown): unknown {
  if (Array.isArray(value)) {
    return new Map(
      value.map((pair, index) => {
        const [k, v] = restoreItems(Array.isArray(pair) ? pair : [], (at) => (at === 0 ? key : type));
        if (!Array.isArray(pair) || pair.length !== 2) {
          throw new ValueProblem('FIDIUS_VALUE_JSON', `it must be a key and a value, got ${describe(pair)}`, {
            path: pathStep(index),
          });
        }
        return [k, v] as const;
      }),
    );
  }
  if (!isPlainObject(value)) return value;
  // A Map without entries has no key that shows its type.
  const isByName = key.shape.kind === 'string' || key.shape.kind === 'char';
  if (!isByName && Object.keys(value).length === 0) return new Map();
  return restoreFields(Object.fromEntries(Object.keys(value).map((name) => [name, type])), value);
}

function restoreArray(dtype: string, value: unknown): unknown {
  const item = (each: unknown): unknown => {
    if (Array.isArray(each)) return each.map((inner, index) => inPath(pathStep(index), () => item(inner)));
    if (dtype.startsWith('float')) return nonFinite.get(each) ?? each;
    return typeof each === 'string' ? digits(each) : each;
  };
  if (typeof value === 'string') return fromBase64(value);
  if (!isPlainObject(value) || !('data' in value)) return item(value);
  const { data } = value;
  return { ...value, data: inPath('.data', () => (typeof data === 'string' ? fromBase64(data) : item(data))) };
}

function digits(text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw jsonProblem(`it must be an integer, or its digits as text, got ${describe(text)}`);
  return BigInt(text);
}

function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  // Buffer ignores what is not base64.
  if (bytes.toString('base64') !== text) throw jsonProblem(`it must be base64, got ${describe(text)}`);
  return new Uint8Array(bytes);
}

function jsonProblem(problem: string): ValueProblem {
  return new ValueProblem('FIDIUS_VALUE_JSON', problem);
}

function located<T>(root: string, doing: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isValueProblem(error)) throw error;
    throw error.toFidiusError(root, (place) => `${doing} ${place} as JSON`);
  }
}
