/** Item types by the tag that every realm's typed arrays carry, as letters of Python's `struct` module. */
const formats: Readonly<Record<string, string>> = {
  Int8Array: 'b',
  Uint8Array: 'B',
  Uint8ClampedArray: 'B',
  Int16Array: 'h',
  Uint16Array: 'H',
  Int32Array: 'i',
  Uint32Array: 'I',
  BigInt64Array: 'q',
  BigUint64Array: 'Q',
  Float32Array: 'f',
  Float64Array: 'd',
};

// The getter of the engine: a subclass can replace the property, and its items would be read as another type.
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);

/** The format of the items of a typed array; `undefined` for a `DataView`, and where Python has no such format. */
export function itemFormat(view: ArrayBufferView): string | undefined {
  return formats[String(tag?.get?.call(view))];
}
