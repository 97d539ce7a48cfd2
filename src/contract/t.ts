import { enumeration } from './types/enum.ts';
import { largeInteger, smallInteger } from './types/integer.ts';
import { btreeMap, hashMap } from './types/map.ts';
import { named } from './types/named.ts';
import { bool, bytes, char, f32, f64, str, string, unit } from './types/scalar.ts';
import { array, list, tuple } from './types/sequence.ts';
import { struct } from './types/struct.ts';
import { option, result, stream } from './types/wrappers.ts';

/** The types of an interface. Each has its Rust spelling, its TypeScript type and the conversion of its values. */
export const t = {
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
  f32,
  f64,
  char,
  string,
  str,
  bytes,
  unit,
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
} as const;
