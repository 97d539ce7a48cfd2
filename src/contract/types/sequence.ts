import { isBigInt64Array, isBigUint64Array, isFloat32Array, isFloat64Array } from 'node:util/types';
import { bytesOfView, itemFormat } from '../../codec/bytes.ts';
import { IntegralFloat } from '../../codec/intermediate-values.ts';
import { prependPath } from '../../codec/value-problem.ts';
import { definitionError } from '../definition.ts';
import { type AnyType, type Converter, createType, type InputOf, type OutputOf, type Type } from '../type.ts';
import { badArgument, badResult } from '../type-mismatch.ts';
import { requireType } from './require-type.ts';

/** What may be passed as a list: an array, or for numbers a typed array. */
export type ListInput<T> =
  | readonly InputOf<T>[]
  | (number extends InputOf<T> ? NumberArray : never)
  | (bigint extends InputOf<T> ? BigInt64Array | BigUint64Array : never);

/** The typed arrays whose items are numbers. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** `Vec<T>`. */
export function list<T extends AnyType>(item: T): Type<OutputOf<T>[], ListInput<T>> {
  const type = requireType(item, 't.list()');
  return createType({
    rust: `Vec<${type.rust}>`,
    shape: { kind: 'list', item: type, length: undefined },
    converter: sequenceConverter(type, undefined),
  });
}

/** `[T; length]`. */
export function array<T extends AnyType>(item: T, length: number): Type<OutputOf<T>[], ListInput<T>> {
  const type = requireType(item, 't.array()');
  if (!Number.isSafeInteger(length) || length < 0) {
    throw definitionError(`The length of t.array() must be a whole number, got ${length}`);
  }
  return createType({
    rust: `[${type.rust}; ${length}]`,
    shape: { kind: 'list', item: type, length },
    converter: sequenceConverter(type, length),
  });
}

function sequenceConverter(item: AnyType, length: number | undefined): Converter {
  const { write, read } = item.converter;
  const size = length === undefined ? '' : ` of ${length}`;

  const check = (value: unknown): readonly unknown[] => {
    const items = Array.isArray(value) ? value : itemsOfTypedArray(value);
    if (items === undefined || (length !== undefined && items.length !== length)) {
      throw badArgument(`an array${size}`, value);
    }
    return items;
  };
  return {
    scalar: undefined,
    write(writer, value) {
      const items = check(value);
      let at = 0;
      try {
        writer.beginList();
        // Not for-of, which is slower.
        for (; at < items.length; at += 1) write(writer, items[at]);
        writer.endList();
      } catch (error) {
        throw prependPath(error, at);
      }
    },
    read(value) {
      const items = readItems(value);
      if (items === undefined || (length !== undefined && items.length !== length)) {
        throw badResult(`a list${size}`, value);
      }
      // A list whose items need no conversion is returned unchanged, as most lists of numbers and strings are.
      let result: unknown[] | undefined;
      let at = 0;
      try {
        for (; at < items.length; at += 1) {
          const item = read(items[at]);
          if (result !== undefined) result.push(item);
          else if (item !== items[at]) {
            result = items.slice(0, at);
            result.push(item);
          }
        }
      } catch (error) {
        throw prependPath(error, at);
      }
      return result ?? items;
    },
  };
}

/** `(A, B)`. Python receives a list, as from the Rust host, and may return a list or a tuple. */
export function tuple<const T extends readonly AnyType[]>(
  ...items: T
): Type<{ -readonly [K in keyof T]: OutputOf<T[K]> }, { readonly [K in keyof T]: InputOf<T[K]> }> {
  const types = items.map((item) => requireType(item, 't.tuple()'));
  if (types.length === 0) throw definitionError('t.tuple() has no items', 'Use t.unit for ().');
  const converters = types.map((type) => type.converter);
  const count = types.length;

  const check = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value) || value.length !== count) throw badArgument(`an array of ${count}`, value);
    return value;
  };
  return createType({
    rust: `(${types.map((type) => type.rust).join(', ')}${count === 1 ? ',' : ''})`,
    shape: { kind: 'tuple', items: types },
    converter: {
      scalar: undefined,
      write(writer, value) {
        const values = check(value);
        let at = 0;
        try {
          writer.beginList();
          for (const converter of converters) {
            converter.write(writer, values[at]);
            at += 1;
          }
          writer.endList();
        } catch (error) {
          throw prependPath(error, at);
        }
      },
      read(value) {
        const values = readItems(value);
        if (values?.length !== count) throw badResult(`a tuple of ${count}`, value);
        let at = 0;
        try {
          return converters.map((converter, index) => {
            at = index;
            return converter.read(values[index]);
          });
        } catch (error) {
          throw prependPath(error, at);
        }
      },
    },
  });
}

/** The items of an array or a typed array as an array of plain numbers; `undefined` for everything else. */
export function plainItems(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : itemsOfTypedArray(value);
}

/** A copy, so that the loops over lists are compiled for arrays only. */
function itemsOfTypedArray(value: unknown): readonly unknown[] | undefined {
  if (!ArrayBuffer.isView(value) || itemFormat(value) === undefined) return undefined;
  // An empty one may have been transferred to another thread, which is an error.
  if (value.byteLength === 0) bytesOfView(value);
  // The built-in method: a subclass may override its iterator.
  return Array.prototype.slice.call(value);
}

/** The items of a list or tuple, or of a typed array, which an array of numpy becomes. */
export function readItems(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return undefined;
  // Floats are wrapped, so that an array of them is not accepted as one of integers.
  if (isFloat64Array(value) || isFloat32Array(value)) {
    return Array.from(value, (item) => (Number.isInteger(item) ? new IntegralFloat(item) : item));
  }
  if (isBigInt64Array(value) || isBigUint64Array(value)) {
    return Array.from<bigint, number | bigint>(value, (item) => {
      const number = Number(item);
      return Number.isSafeInteger(number) ? number : item;
    });
  }
  return Array.from(value as Uint8Array);
}
