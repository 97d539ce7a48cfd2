import { corrupt } from './corrupt.ts';
import { MissingValue } from './missing-value.ts';

/** An array of more than one dimension (or none), as numpy and `memoryview` have them; `data` is in C order. */
export interface NdArray {
  /** The type of the items by numpy's name, such as `float64`. `bool` has one byte, 0 or 1, per item. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

export type TypedArray = InstanceType<(typeof itemTypes)[keyof typeof itemTypes]>;

/** Item types by numpy's names. */
const itemTypes = {
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
 * A function of `fidius_host.codec.pickle_globals`, as far as JavaScript plays its part.
 *
 * Python's pickler writes an object without counterpart as the call of a function that would make it. These are the only
 * ones that our side of Python names, and the only ones that are carried out here.
 */
export class CrossingFunction {
  /** @throws FidiusError `FIDIUS_WIRE_CORRUPT` when the arguments are not what our side of Python writes. */
  readonly call: (args: readonly unknown[], offset: number) => unknown;

  constructor(call: (args: readonly unknown[], offset: number) => unknown) {
    this.call = call;
  }
}

export function findCrossingFunction(module: unknown, name: unknown): CrossingFunction | undefined {
  return module === 'fidius_host.codec.pickle_globals' ? functions.get(name) : undefined;
}

const functions: ReadonlyMap<unknown, CrossingFunction> = new Map([
  // The value that an object was turned into: a dataclass into a dict, an enum into its value, …
  ['plain', new CrossingFunction((args, offset) => (args.length === 1 ? args[0] : malformed('plain', offset)))],
  [
    'missing',
    new CrossingFunction(([name], offset) =>
      typeof name === 'string' ? new MissingValue(name) : malformed('missing', offset),
    ),
  ],
  [
    'array',
    new CrossingFunction(([dtype, data], offset) => {
      return itemsOf(dtype, data) ?? malformed('array', offset);
    }),
  ],
  [
    'ndarray',
    new CrossingFunction(([dtype, shape, data], offset): NdArray => {
      const items = itemsOf(dtype, data);
      if (items === undefined || !isShape(shape)) throw malformed('ndarray', offset);
      if (shape.reduce((product, length) => product * length, 1) !== items.length) throw malformed('ndarray', offset);
      return { dtype: dtype as string, shape: [...shape], data: items };
    }),
  ],
]);

/** A typed array over `data`, which is a copy that nobody else has. */
function itemsOf(dtype: unknown, data: unknown): TypedArray | undefined {
  if (typeof dtype !== 'string' || !Object.hasOwn(itemTypes, dtype) || !(data instanceof Uint8Array)) return undefined;
  const type = itemTypes[dtype as keyof typeof itemTypes];
  const length = data.length / type.BYTES_PER_ELEMENT;
  return Number.isInteger(length) ? new type(data.buffer as ArrayBuffer, 0, length) : undefined;
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
}

function malformed(name: string, offset: number): never {
  throw corrupt(`${name}() with wrong arguments`, offset);
}
