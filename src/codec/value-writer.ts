/**
 * Writes values in one format, item by item. The types of an interface know this interface and no format.
 *
 * Containers are written as `begin…()`, the items (alternating keys and values for a dict), `end…()`. Their length need
 * not be known in advance.
 */
export interface ValueWriter {
  none(): void;
  bool(value: boolean): void;
  /** An `int`: a bigint of any size, or a number that is a safe integer. */
  int(value: number | bigint): void;
  /** A `float`, also when the number has no fraction. */
  float(value: number): void;
  /** A `str`. @throws ValueProblem when the string contains a lone surrogate. */
  string(value: string): void;
  /** A `str` that names a member of a dict, and is likely to occur again. */
  key(name: string): void;
  bytes(value: Uint8Array): void;
  /** A `memoryview` over a copy of `data`. `format` is one letter of Python's `struct` module, such as `d`. */
  memoryview(format: string, data: Uint8Array): void;
  /** An aware `datetime` in UTC. `milliseconds` count from 1970; the caller keeps them within the years 1 to 9999. */
  datetime(milliseconds: number): void;
  /** An object of Python's standard library that is made from `text`, which the caller has checked. */
  objectOf(kind: TextObject, text: string): void;
  /**
   * A writable `memoryview` over a copy of `data`. `format` is a letter as for {@link memoryview}; `shape` is omitted for
   * one dimension.
   */
  ndarray(format: string, shape: readonly number[] | undefined, data: Uint8Array): void;
  beginList(): void;
  endList(): void;
  beginTuple(): void;
  endTuple(): void;
  beginDict(): void;
  endDict(): void;
  beginSet(): void;
  endSet(): void;
}

/** Objects of Python that are text in JavaScript: `datetime.datetime`, `datetime.date`, `decimal.Decimal`, `uuid.UUID`. */
export type TextObject = 'datetime' | 'date' | 'decimal' | 'uuid';

/** Writes the payload of one call: one value (the tuple of arguments), or bytes in another encoding. */
export interface PayloadWriter extends ValueWriter {
  /** Makes `bytes` the whole payload: as they are, and not copied. */
  rawPayload(bytes: Uint8Array): void;
}
