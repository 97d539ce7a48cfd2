import { MissingValue } from '../intermediate-values.ts';
import { corruptDataError } from './pickle-bytes.ts';

/** An array of numpy or a `memoryview` with zero, two or more dimensions; `data` is in C order. */
export interface NdArray {
  /** Item type, as numpy names it: `float64`, for example. A `bool` is one byte, 0 or 1. */
  readonly dtype: string;
  /** Length of each dimension; empty for an array without dimensions, which has one item. */
  readonly shape: readonly number[];
  /** The items in C order (the last index changes fastest), as a private copy. */
  readonly data: TypedArray;
}

/** The arrays that hold the items of an {@link NdArray}. */
export type TypedArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** The typed array of each item type, by the names of numpy. */
export interface ItemArrays {
  /** One byte per item, 0 or 1. */
  readonly bool: Uint8Array;
  /** Integers of 8 bits. */
  readonly int8: Int8Array;
  /** Unsigned integers of 8 bits. */
  readonly uint8: Uint8Array;
  /** Integers of 16 bits. */
  readonly int16: Int16Array;
  /** Unsigned integers of 16 bits. */
  readonly uint16: Uint16Array;
  /** Integers of 32 bits. */
  readonly int32: Int32Array;
  /** Unsigned integers of 32 bits. */
  readonly uint32: Uint32Array;
  /** Integers of 64 bits. */
  readonly int64: BigInt64Array;
  /** Unsigned integers of 64 bits. */
  readonly uint64: BigUint64Array;
  /** Floats of 32 bits. */
  readonly float32: Float32Array;
  /** Floats of 64 bits. */
  readonly float64: Float64Array;
}

/** Item types, as numpy names them. */
export const itemTypes = {
  bool: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/**
 * The JavaScript counterpart of a function of `fidius_host.codec.pickle_globals`.
 *
 * Python's pickler encodes an object without counterpart as a call of the function that would create it. The Python
 * side uses only these functions, and the decoder executes no others.
 */
export class PickleGlobal {
  /** @throws FidiusError `FIDIUS_WIRE_CORRUPT` when the arguments differ from those that the Python side writes. */
  readonly call: (args: readonly unknown[], offset: number) => unknown;

  constructor(call: (args: readonly unknown[], offset: number) => unknown) {
    this.call = call;
  }
}

export function findPickleGlobal(module: unknown, name: unknown): PickleGlobal | undefined {
  return module === 'fidius_host.codec.pickle_globals' ? functions.get(name) : undefined;
}

const functions: ReadonlyMap<unknown, PickleGlobal> = new Map([
  // The value that an object was converted to: a dataclass to a dict, an enum to its value, …
  ['plain', new PickleGlobal((args, offset) => (args.length === 1 ? args[0] : malformed('plain', offset)))],
  [
    'missing',
    new PickleGlobal(([name], offset) =>
      typeof name === 'string' ? new MissingValue(name) : malformed('missing', offset),
    ),
  ],
  [
    'array',
    new PickleGlobal(([dtype, data], offset) => {
      return itemsOf(dtype, data) ?? malformed('array', offset);
    }),
  ],
  [
    'ndarray',
    new PickleGlobal(([dtype, shape, data], offset): NdArray => {
      const items = itemsOf(dtype, data);
      if (items === undefined || !isShape(shape)) throw malformed('ndarray', offset);
      if (shape.reduce((product, length) => product * length, 1) !== items.length) throw malformed('ndarray', offset);
      return { dtype: dtype as string, shape: [...shape], data: items };
    }),
  ],
]);

export function isDtype(value: unknown): value is keyof ItemArrays {
  return typeof value === 'string' && Object.hasOwn(itemTypes, value);
}

/** A typed array over `data`, which is a private copy. */
function itemsOf(dtype: unknown, data: unknown): TypedArray | undefined {
  if (!isDtype(dtype) || !(data instanceof Uint8Array)) return undefined;
  const type = itemTypes[dtype];
  const length = data.length / type.BYTES_PER_ELEMENT;
  return Number.isInteger(length) ? new type(data.buffer as ArrayBuffer, 0, length) : undefined;
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
}

function malformed(name: string, offset: number): never {
  throw corruptDataError(`${name}() with wrong arguments`, offset);
}
