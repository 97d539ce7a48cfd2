import { isMap } from 'node:util/types';
import { checkDifferentKeys } from '../../codec/equal-keys.ts';
import { prependPath, ValueProblem } from '../../codec/value-problem.ts';
import type { ValueWriter } from '../../codec/value-writer.ts';
import { describe } from '../../errors/options.ts';
import { definitionError } from '../definition.ts';
import { type AnyType, createType, type InputOf, type OutputOf, type Type } from '../type.ts';
import { badArgument, badResult } from '../type-mismatch.ts';
import { isPlainObject, setProperty } from './plain-object.ts';
import { requireType } from './require-type.ts';

/**
 * A dict of Python: a plain object when the keys are strings, otherwise a `Map`. For string keys both are accepted as
 * arguments.
 */
export type MapType<K extends AnyType, V extends AnyType> = Type<
  OutputOf<K> extends string ? Record<string, OutputOf<V>> : Map<OutputOf<K>, OutputOf<V>>,
  ReadonlyMap<InputOf<K>, InputOf<V>> | (OutputOf<K> extends string ? Readonly<Record<string, InputOf<V>>> : never)
>;

/** `HashMap<K, V>`. */
export function hashMap<K extends AnyType, V extends AnyType>(key: K, value: V): MapType<K, V> {
  return mapType('HashMap', key, value);
}

/** `BTreeMap<K, V>`. Converted like {@link hashMap}; only the interface hash differs. */
export function btreeMap<K extends AnyType, V extends AnyType>(key: K, value: V): MapType<K, V> {
  return mapType('BTreeMap', key, value);
}

function mapType<K extends AnyType, V extends AnyType>(rust: string, key: K, value: V): MapType<K, V> {
  const place = rust === 'HashMap' ? 't.map()' : 't.map.btree()';
  const keyType = requireType(key, place);
  const valueType = requireType(value, place);
  if (!keyKinds.has(keyType.shape.kind)) {
    throw definitionError(
      `A key of ${place} cannot be ${keyType.shape.kind in textObjects ? `t.${keyType.shape.kind}` : keyType.rust}`,
      'Use a string, a char, an integer or a bool as key, which Rust can hash and every host can send.',
    );
  }
  const byName = keyType.shape.kind === 'string' || keyType.shape.kind === 'char';
  const writeEntry = entryWriter(keyType, valueType);
  const readEntry = entryReader(keyType, valueType);

  return createType({
    rust: `${rust}<${keyType.rust}, ${valueType.rust}>`,
    shape: { kind: 'map', key: keyType, value: valueType },
    converter: {
      scalar: undefined,
      write(writer, entries) {
        writer.beginDict();
        if (isMap(entries)) writeMap(writer, entries, writeEntry);
        else if (byName && isPlainObject(entries))
          for (const k of Object.keys(entries)) writeEntry(writer, k, entries[k]);
        else throw badArgument(byName ? 'a plain object or a Map' : 'a Map', entries);
        writer.endDict();
      },
      read(dict) {
        const entries = entriesOf(dict);
        if (entries === undefined) throw badResult('a dict', dict);
        const converted = Array.from(entries, readEntry);
        // The keys of a dict are unique.
        if (Array.isArray(entries)) refuseRepeatedKeys(converted);
        if (!byName) return new Map(converted);
        const result: Record<string, unknown> = {};
        for (const [k, v] of converted) setProperty(result, k as string, v);
        return result;
      },
    },
  });
}

function writeMap(
  writer: ValueWriter,
  map: ReadonlyMap<unknown, unknown>,
  writeEntry: (writer: ValueWriter, k: unknown, v: unknown) => void,
): void {
  let numbers = 0;
  let bigints = 0;
  // The built-in method: the iterator of a subclass may repeat keys.
  for (const [k, v] of Map.prototype.entries.call(map)) {
    if (typeof k === 'bigint') bigints += 1;
    else if (typeof k === 'number') numbers += 1;
    writeEntry(writer, k, v);
  }
  // Only large integers, of all key types, are accepted in two forms.
  if (bigints > 0 && numbers > 0) checkDifferentKeys('map', [...Map.prototype.keys.call(map)]);
}

/** A list of pairs is accepted as a map, and may contain duplicate keys. */
function refuseRepeatedKeys(pairs: readonly (readonly [unknown, unknown])[]): void {
  const seen = new Set<unknown>();
  for (const [key] of pairs) {
    if (seen.has(key)) {
      const problem = `two of its pairs have the key ${describe(key)}`;
      throw new ValueProblem('FIDIUS_VALUE_RESULT', problem, { hint: 'Return each key once, or return a dict.' });
    }
    seen.add(key);
  }
}

// They are text, so their Rust spelling would not explain the error.
const textObjects = { datetime: true, date: true, decimal: true, uuid: true };

const keyKinds: ReadonlySet<string> = new Set(['string', 'char', 'integer', 'bool']);

function entryWriter(key: AnyType, value: AnyType) {
  return (writer: ValueWriter, k: unknown, v: unknown): void => {
    try {
      key.converter.write(writer, k);
      value.converter.write(writer, v);
    } catch (error) {
      throw prependPath(error, String(k));
    }
  };
}

function entryReader(key: AnyType, value: AnyType) {
  return ([k, v]: readonly [unknown, unknown]): [unknown, unknown] => {
    try {
      return [key.converter.read(k), value.converter.read(v)];
    } catch (error) {
      throw prependPath(error, String(k));
    }
  };
}

/** The entries of a dict, or of a list of pairs, which the Rust host accepts as a map too. */
function entriesOf(value: unknown): Iterable<readonly [unknown, unknown]> | undefined {
  if (value instanceof Map) return value;
  if (isPlainObject(value)) return Object.entries(value);
  return isPairs(value) ? value : undefined;
}

function isPairs(value: unknown): value is [unknown, unknown][] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
}
