import { bytesOfView, itemFormat } from '../../codec/bytes.ts';
import { type ItemArrays, isDtype, itemTypes } from '../../codec/pickle/pickle-globals.ts';
import { prependPath } from '../../codec/value-problem.ts';
import { closest } from '../../errors/closest.ts';
import { describe } from '../../errors/options.ts';
import { definitionError } from '../definition.ts';
import { type AnyType, type Converter, createType, type Type } from '../type.ts';
import { badArgument, badResult, TypeMismatch } from '../type-mismatch.ts';
import { largeInteger, smallInteger } from './integer.ts';
import { isPlainObject } from './plain-object.ts';
import { bool, f32, f64 } from './scalar.ts';
import { plainItems, readItems } from './sequence.ts';

/** Item types of arrays, as numpy names them. */
export type Dtype = keyof ItemArrays;

/** An array of several dimensions whose item type is known. */
export interface NdArrayOf<D extends Dtype> {
  /** Item type, as numpy names it. */
  readonly dtype: D;
  /** Length of each dimension. */
  readonly shape: readonly number[];
  /** The items in C order: the last index changes fastest. A `bool` is one byte, 0 or 1. */
  readonly data: ItemArrays[D];
}

/** Arrays of numbers, nested as often as the array has dimensions. */
export type NestedNumbers = readonly (number | bigint | boolean | NestedNumbers)[];

/** A declared array as a result: a typed array, or its items with their shape for several dimensions. */
export type NdArrayOutput<D extends Dtype, N extends number> = number extends N
  ? ItemArrays[D] | NdArrayOf<D>
  : N extends 1
    ? ItemArrays[D]
    : NdArrayOf<D>;

/** A declared array as an argument: the same as a result, or nested arrays of numbers. The `dtype` can be omitted. */
export type NdArrayInput<D extends Dtype, N extends number> =
  | NestedNumbers
  | (number extends N ? ItemArrays[D] | NdArrayItems<D> : N extends 1 ? ItemArrays[D] : NdArrayItems<D>);

/** Items with their shape, as an argument. */
export interface NdArrayItems<D extends Dtype> {
  /** Item type; can be omitted. */
  readonly dtype?: D;
  /** Length of each dimension. */
  readonly shape: readonly number[];
  /** The items in C order. */
  readonly data: ItemArrays[D] | NestedNumbers;
}

/** As many as numpy has in every version. */
const mostDimensions = 32;

const itemsOf: Readonly<Record<Dtype, { readonly letter: string; readonly type: AnyType }>> = {
  bool: { letter: '?', type: bool },
  int8: { letter: 'b', type: smallInteger('i8') },
  uint8: { letter: 'B', type: smallInteger('u8') },
  int16: { letter: 'h', type: smallInteger('i16') },
  uint16: { letter: 'H', type: smallInteger('u16') },
  int32: { letter: 'i', type: smallInteger('i32') },
  uint32: { letter: 'I', type: smallInteger('u32') },
  int64: { letter: 'q', type: largeInteger('i64', 64) },
  uint64: { letter: 'Q', type: largeInteger('u64', 64) },
  float32: { letter: 'f', type: f32 },
  float64: { letter: 'd', type: f64 },
};

/** An array of numbers with a fixed item type and number of dimensions: nested `Vec` in Rust, a `memoryview` in Python. */
export function ndarray<const D extends Dtype, const N extends number = 1>(
  dtype: D,
  dimensions: N = 1 as N,
): Type<NdArrayOutput<D, N>, NdArrayInput<D, N>> {
  if (!isDtype(dtype)) {
    const near = typeof dtype === 'string' ? closest(dtype, Object.keys(itemsOf)) : undefined;
    throw definitionError(
      `The item type of t.ndarray() must be one of ${Object.keys(itemsOf).join(', ')}, got ${describe(dtype)}`,
      near === undefined ? undefined : `Write "${near}".`,
    );
  }
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > mostDimensions) {
    throw definitionError(
      `The number of dimensions of t.ndarray() must be from 1 to ${mostDimensions}, got ${describe(dimensions)}`,
    );
  }
  return createType({
    rust: `${'Vec<'.repeat(dimensions)}${itemsOf[dtype].type.rust}${'>'.repeat(dimensions)}`,
    shape: { kind: 'ndarray', dtype, dimensions },
    converter: new ArrayConverter(dtype, dimensions),
  });
}

class ArrayConverter implements Converter {
  readonly scalar = undefined;
  readonly #dtype: Dtype;
  readonly #dimensions: number;
  readonly #expected: string;
  readonly #arguments: ListAccess;
  readonly #results: ListAccess;

  constructor(dtype: Dtype, dimensions: number) {
    this.#dtype = dtype;
    this.#dimensions = dimensions;
    this.#expected = arrayName(dtype, dimensions);
    const { scalar, read } = itemsOf[dtype].type.converter;
    this.#arguments = { open: plainItems, convert: (value) => scalar?.check(value), bad: badArgument };
    this.#results = { open: readItems, convert: read, bad: badResult };
  }

  readonly write: Converter['write'] = (writer, value) => {
    const { shape, data } = this.#dimensions === 1 ? this.#argument(value) : this.#shapedArgument(value);
    writer.ndarray(itemsOf[this.#dtype].letter, this.#dimensions === 1 ? undefined : shape, bytesOfView(data));
  };

  readonly read = (value: unknown): unknown => {
    // One-dimensional booleans are a list.
    if (this.#dimensions === 1 && this.#dtype !== 'bool' && this.#isItems(value)) return value;
    if (this.#dimensions > 1 && isShaped(value) && value.dtype === this.#dtype) {
      const { shape, data } = value;
      if (isShapeOf(shape, this.#dimensions) && this.#isItems(data) && data.length === sizeOf(shape)) return value;
    }
    if (!Array.isArray(value)) throw this.#badResult(value);
    const found = this.#nested(value, this.#results);
    return this.#dimensions === 1 ? found.data : { dtype: this.#dtype, ...found };
  };

  #argument(value: unknown): Shaped {
    if (this.#isItems(value)) return { shape: [value.length], data: this.#checkBooleans(value) };
    if (!Array.isArray(value)) {
      const expected = `${this.#expected}, as ${itemTypes[this.#dtype].name} or an array`;
      throw badArgument(expected, value);
    }
    return this.#nested(value, this.#arguments);
  }

  #shapedArgument(value: unknown): Shaped {
    if (Array.isArray(value)) return this.#nested(value, this.#arguments);
    const expected = `${this.#expected}, as an object with shape and data or as nested arrays`;
    if (!isShaped(value)) throw badArgument(expected, value);
    const { shape, data, dtype } = value;
    if (dtype !== undefined && dtype !== this.#dtype) {
      throw prependPath(badArgument(`"${this.#dtype}"`, dtype), 'dtype');
    }
    if (!isShapeOf(shape, this.#dimensions)) {
      throw prependPath(badArgument(`an array of ${this.#dimensions} lengths`, shape), 'shape');
    }
    try {
      return { shape, data: this.#shapedItems(data, sizeOf(shape)) };
    } catch (error) {
      throw prependPath(error, 'data');
    }
  }

  #shapedItems(data: unknown, size: number): TypedItems {
    const items = Array.isArray(data) ? this.#nested(data, this.#arguments, 1).data : data;
    if (!this.#isItems(items)) throw badArgument(`an array or ${itemTypes[this.#dtype].name} of ${size} items`, data);
    if (items.length === size) return this.#checkBooleans(items);
    const problem = `must have ${size} items, as the shape states, got ${items.length}`;
    throw new TypeMismatch('FIDIUS_VALUE_ARGUMENT', problem);
  }

  /** Whether the value is the typed array of the item type; of any realm, and also a subclass such as `Buffer`. */
  #isItems(value: unknown): value is TypedItems {
    if (!ArrayBuffer.isView(value)) return false;
    const format = itemFormat(value);
    return format !== undefined && format === (this.#dtype === 'bool' ? 'B' : itemsOf[this.#dtype].letter);
  }

  #checkBooleans(data: TypedItems): TypedItems {
    if (this.#dtype !== 'bool') return data;
    const at = (data as Uint8Array).findIndex((item) => item > 1);
    if (at >= 0) throw prependPath(badArgument('0 or 1', data[at]), at);
    return data;
  }

  /** Collects the items of nested lists, which must all have the lengths of the first ones. */
  #nested(value: readonly unknown[], { open, convert, bad }: ListAccess, dimensions = this.#dimensions): Shaped {
    const shape: number[] = [];
    for (let level: unknown = value; shape.length < dimensions; level = open(level)?.[0]) {
      shape.push(open(level)?.length ?? 0);
    }
    const toItem = this.#dtype.endsWith('int64') ? toBigint : Number;
    const items: (number | bigint)[] = [];
    const collect = (level: unknown, depth: number): void => {
      if (depth === dimensions) {
        items.push(toItem(convert(level)));
        return;
      }
      const list = open(level);
      if (list === undefined || list.length !== shape[depth]) throw bad(`a list of ${shape[depth]}`, level);
      for (let index = 0; index < list.length; index += 1) {
        try {
          collect(list[index], depth + 1);
        } catch (error) {
          throw prependPath(error, index);
        }
      }
    };
    collect(value, 0);
    const data: TypedItems = new (itemTypes[this.#dtype] as new (from: readonly unknown[]) => TypedItems)(items);
    return { shape, data };
  }

  #badResult(value: unknown): TypeMismatch {
    const found = foundArray(value);
    if (found === undefined) return badResult(this.#expected, value);
    const hint =
      found.dimensions === this.#dimensions
        ? `Return value.astype("${this.#dtype}"), or declare t.ndarray("${found.dtype}", ${this.#dimensions}).`
        : `Return value.reshape(…), or declare t.ndarray("${this.#dtype}", ${found.dimensions}).`;
    const got = arrayName(found.dtype, found.dimensions);
    return new TypeMismatch('FIDIUS_VALUE_RESULT', `must be ${this.#expected}, got ${got}`, { hint });
  }
}

/** How nested lists are read in one direction. */
interface ListAccess {
  readonly open: (level: unknown) => readonly unknown[] | undefined;
  readonly convert: (item: unknown) => unknown;
  readonly bad: typeof badResult;
}

type TypedItems = ArrayBufferView & { readonly length: number; [index: number]: unknown };

interface Shaped {
  readonly shape: readonly number[];
  readonly data: TypedItems;
}

function isShaped(value: unknown): value is { shape: unknown; data: unknown; dtype?: unknown } {
  return isPlainObject(value) && 'shape' in value && 'data' in value;
}

function isShapeOf(shape: unknown, dimensions: number): shape is readonly number[] {
  const isLength = (length: unknown) => Number.isSafeInteger(length) && (length as number) >= 0;
  return Array.isArray(shape) && shape.length === dimensions && shape.every(isLength);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function toBigint(value: unknown): bigint {
  return BigInt(value as number | bigint);
}

/** Item type and dimensions of an array that is not the expected one. */
function foundArray(value: unknown): { readonly dtype: Dtype; readonly dimensions: number } | undefined {
  if (isShaped(value) && isDtype(value.dtype) && Array.isArray(value.shape)) {
    return { dtype: value.dtype, dimensions: value.shape.length };
  }
  const letter = ArrayBuffer.isView(value) ? itemFormat(value) : undefined;
  const dtype = Object.keys(itemsOf).find((name) => itemsOf[name as Dtype].letter === letter);
  return dtype === undefined ? undefined : { dtype: dtype as Dtype, dimensions: 1 };
}

function arrayName(dtype: string, dimensions: number): string {
  return `an array of ${dtype} with ${dimensions} dimension${dimensions === 1 ? '' : 's'}`;
}
