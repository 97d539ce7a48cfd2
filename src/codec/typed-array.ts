/**
 * Item types as letters of Python's `struct` module, by the tag of the typed array, which is the same in all realms.
 */
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

// The built-in getter: a subclass can override the property, and its items would be read as another type.
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);

/** The format of the items of a typed array; `undefined` for a `DataView`, and where Python has no such format. */
export function itemFormat(view: ArrayBufferView): string | undefined {
  return formats[String(tag?.get?.call(view))];
}
