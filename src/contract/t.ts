import type { DocOptions } from './definition.ts';
import type { ResultType, StreamType } from './result-and-stream.ts';
import type { AnyType, Fields, InputOf, OutputOf, Type } from './type.ts';
import { date, datetime, naiveDatetime } from './types/date-and-time.ts';
import type { EnumInput, EnumOutput, Variants } from './types/enum.ts';
import { enumeration } from './types/enum.ts';
import { largeInteger, safeInteger, smallInteger } from './types/integer.ts';
import { btreeMap, hashMap, type MapType } from './types/map.ts';
import { named } from './types/named.ts';
import { type Dtype, type NdArrayInput, type NdArrayOutput, ndarray } from './types/ndarray.ts';
import { type BytesInput, bool, bytes, char, f32, f64, str, string, unit } from './types/scalar.ts';
import { array, type ListInput, list, tuple } from './types/sequence.ts';
import { type StructInput, type StructOutput, struct } from './types/struct.ts';
import { decimal, uuid } from './types/text-objects.ts';
import { option, result, stream } from './types/wrappers.ts';

/** The functions and types of {@link t}: one for each kind of type that an interface can have. */
export interface TypeBuilders {
  /** `bool`: a `boolean`; `bool` in Python. */
  readonly bool: Type<boolean>;
  /** `i8`: a `number` from -128 to 127; `int` in Python. */
  readonly i8: Type<number>;
  /** `i16`: a `number` from -32,768 to 32,767; `int` in Python. */
  readonly i16: Type<number>;
  /** `i32`: a `number` from -2^31 to 2^31 - 1; `int` in Python. */
  readonly i32: Type<number>;
  /** `i64`: results are a `bigint`; an argument can also be a `number` that is a safe integer. */
  readonly i64: Type<bigint, bigint | number>;
  /** `i128`: results are a `bigint`; an argument can also be a `number` that is a safe integer. */
  readonly i128: Type<bigint, bigint | number>;
  /** `isize`: the same as {@link TypeBuilders.i64}, with 64 bits on every platform. */
  readonly isize: Type<bigint, bigint | number>;
  /** `u8`: a `number` from 0 to 255; `int` in Python. */
  readonly u8: Type<number>;
  /** `u16`: a `number` from 0 to 65,535; `int` in Python. */
  readonly u16: Type<number>;
  /** `u32`: a `number` from 0 to 2^32 - 1; `int` in Python. */
  readonly u32: Type<number>;
  /** `u64`: results are a `bigint`; an argument can also be a `number` that is a safe integer. */
  readonly u64: Type<bigint, bigint | number>;
  /** `u128`: results are a `bigint`; an argument can also be a `number` that is a safe integer. */
  readonly u128: Type<bigint, bigint | number>;
  /** `usize`: the same as {@link TypeBuilders.u64}, with 64 bits on every platform. */
  readonly usize: Type<bigint, bigint | number>;
  /** `i64` whose values are safe integers: a `number` in both directions, and an error beyond 2^53 - 1. */
  readonly int53: Type<number>;
  /** `u64` whose values are safe integers: a `number` in both directions, and an error beyond 2^53 - 1. */
  readonly uint53: Type<number>;
  /** `f32`: a `number`, rounded to the nearest 32-bit float in both directions. */
  readonly f32: Type<number>;
  /** `f64`: a `number`. As a result also an `int` that a float represents exactly. */
  readonly f64: Type<number>;
  /** `char`: a string of one Unicode character, which is one or two UTF-16 units. */
  readonly char: Type<string>;
  /** `String`: a string without lone surrogates; `str` in Python. */
  readonly string: Type<string>;
  /** `&str`: the same as {@link TypeBuilders.string}. Only the interface hash differs. */
  readonly str: Type<string>;
  /** `Vec<u8>`: `bytes` in Python. Results are a `Uint8Array`; also made from a list of integers from 0 to 255. */
  readonly bytes: Type<Uint8Array, BytesInput>;
  /** `()`: `undefined`; `None` in Python. An argument can also be `null`. */
  readonly unit: Type<undefined, undefined | null>;
  /**
   * `String`, and an aware `datetime.datetime` in Python: text as of `isoformat()`, with its offset. As an argument also
   * any form of RFC 3339, or a `Date`. The Rust host passes the text.
   */
  readonly datetime: Type<string, string | Date>;
  /** `String`, and a naive `datetime.datetime` in Python: text as of `isoformat()`, without offset. */
  readonly naiveDatetime: Type<string>;
  /** `String`, and a `datetime.date` in Python: text such as `2024-05-01`. */
  readonly date: Type<string>;
  /** `String`, and a finite `decimal.Decimal` in Python: its exact text. An argument can also be a `bigint`. */
  readonly decimal: Type<string, string | bigint>;
  /** `String`, and a `uuid.UUID` in Python: its canonical text, in lower case. */
  readonly uuid: Type<string>;
  /**
   * `Vec<f64>`, `Vec<Vec<f64>>` and so on: an array with a fixed item type and number of dimensions, transferred as one
   * block of memory. One dimension is a typed array, several are `{ dtype, shape, data }`. Python receives a writable
   * `memoryview`, from which `numpy.asarray()` makes an array without a copy, and returns an array of numpy or lists.
   *
   * @param dimensions from 1 to 32; 1 if omitted.
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID` for another item type or number of dimensions.
   */
  ndarray<const D extends Dtype, const N extends number = 1>(
    dtype: D,
    dimensions?: N,
  ): Type<NdArrayOutput<D, N>, NdArrayInput<D, N>>;
  /**
   * `Vec<T>`: an array; a list in Python. As a result also a tuple or a one-dimensional array of numpy, as an argument
   * also a typed array whose items match.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID` when `item` is not a type.
   */
  list<T extends AnyType>(item: T): Type<OutputOf<T>[], ListInput<T>>;
  /**
   * `[T; length]`: an array with exactly `length` items.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID` when `item` is not a type, or `length` not a whole number.
   */
  array<T extends AnyType>(item: T, length: number): Type<OutputOf<T>[], ListInput<T>>;
  /**
   * `(A, B)`: an array with one item for each type. Python receives a list, and may return a list or a tuple.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID` without items, or when one is not a type.
   */
  tuple<const T extends readonly AnyType[]>(
    ...items: T
  ): Type<{ -readonly [K in keyof T]: OutputOf<T[K]> }, { readonly [K in keyof T]: InputOf<T[K]> }>;
  /**
   * `Option<T>`: `null` for `None`, in both directions. An argument can also be `undefined`, and a field of this type
   * can be omitted.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID` when `inner` is not a type.
   */
  option<T extends AnyType>(inner: T): Type<OutputOf<T> | null, InputOf<T> | null | undefined>;
  /** `HashMap<K, V>`, and `BTreeMap<K, V>` as `t.map.btree()`. */
  readonly map: MapBuilder;
  /**
   * A struct; the interface hash covers only its name. Python receives a dict with every field. It may return a dict, a
   * dataclass, or a tuple of the values in order. Undeclared fields are ignored in a result, and an error in an argument.
   *
   * @param name the type in Rust source, usually just its name.
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID`, `FIDIUS_OPTION_UNKNOWN`.
   */
  struct<const F extends Fields>(name: string, fields: F, options?: DocOptions): Type<StructOutput<F>, StructInput<F>>;
  /**
   * An enum whose variants have no data: the name of a variant, as a string. See the other form for Python.
   *
   * @param name the type in Rust source, usually just its name.
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID`, `FIDIUS_OPTION_UNKNOWN`.
   */
  enum<const N extends string>(name: string, variants: readonly N[], options?: DocOptions): Type<N, N>;
  /**
   * An enum; the interface hash covers only its name. Python receives a dict with the variant as its only key, and `None`
   * as its value when the variant has no data. It may return the same, or only the name of a variant without data.
   *
   * @param name the type in Rust source, usually just its name.
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID`, `FIDIUS_OPTION_UNKNOWN`.
   */
  enum<const V extends Variants>(name: string, variants: V, options?: DocOptions): Type<EnumOutput<V>, EnumInput<V>>;
  /**
   * `Result<T, E>`, as the return of a method: the caller gets the `T`, or a `PluginError` when Python raises. The `E`
   * affects only the interface hash.
   *
   * @param error the error type, as a type or in Rust source; `PluginError` if omitted.
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID`.
   */
  result<T extends AnyType>(inner: T, error?: AnyType | string): ResultType<T>;
  /**
   * `Stream<T>`: as the return of a method a generator in Python, as one of its arguments an iterator.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID` when `item` is not a type.
   */
  stream<T extends AnyType>(item: T): StreamType<T>;
  /**
   * Any type of Rust, spelled as in the trait, such as `serde_json::Value`. Its values are converted as in an untyped
   * call, and are `unknown` in TypeScript.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID` when `rust` is not a type in Rust source.
   */
  named(rust: string): Type<unknown>;
  /**
   * Another spelling of a type, such as `Box<Row>`, whose values are converted like those of `as`.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID`.
   */
  named<T extends AnyType>(rust: string, as: T): Type<OutputOf<T>, InputOf<T>>;
  /**
   * Another spelling of a stream, which must end in `Stream<…>`, as Rust recognises a stream by this name.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID`.
   */
  named<T extends AnyType>(rust: string, as: StreamType<T>): StreamType<T>;
}

/** The functions that make types of maps: `t.map()` and `t.map.btree()`. */
export interface MapBuilder {
  /**
   * `HashMap<K, V>`: a dict in Python. Results are a plain object when the keys are strings, otherwise a `Map`.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID` when `key` is not a string, a char, an integer or a bool.
   */
  <K extends AnyType, V extends AnyType>(key: K, value: V): MapType<K, V>;
  /**
   * `BTreeMap<K, V>`: converted like `t.map()`. Only the interface hash differs.
   *
   * @throws FidiusError `FIDIUS_INTERFACE_INVALID` when `key` is not a string, a char, an integer or a bool.
   */
  btree<K extends AnyType, V extends AnyType>(key: K, value: V): MapType<K, V>;
}

/** The types of an interface. Each has its Rust spelling, its TypeScript type and the conversion of its values. */
export const t: TypeBuilders = {
  bool,
  i8: smallInteger('i8'),
  i16: smallInteger('i16'),
  i32: smallInteger('i32'),
  i64: largeInteger('i64', 64),
  i128: largeInteger('i128', 128),
  isize: largeInteger('isize', 64),
  u8: smallInteger('u8'),
  u16: smallInteger('u16'),
  u32: smallInteger('u32'),
  u64: largeInteger('u64', 64),
  u128: largeInteger('u128', 128),
  usize: largeInteger('usize', 64),
  int53: safeInteger('i64'),
  uint53: safeInteger('u64'),
  f32,
  f64,
  char,
  string,
  str,
  bytes,
  unit,
  datetime,
  naiveDatetime,
  date,
  decimal,
  uuid,
  ndarray,
  list,
  array,
  tuple,
  option,
  map: Object.assign(hashMap, { btree: btreeMap }),
  struct,
  enum: enumeration,
  result,
  stream,
  named,
};
