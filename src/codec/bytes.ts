import { types } from 'node:util';
import { ValueProblem } from './value-problem.ts';

/**
 * A view of the memory of a `Uint8Array`, `Buffer`, `ArrayBuffer`, `SharedArrayBuffer` or `DataView`; not a copy.
 * Returns `undefined` for everything else. Other typed arrays contain numbers, not bytes.
 *
 * @throws ValueProblem when the memory was transferred to another thread: it would read as empty.
 */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (types.isUint8Array(value)) return value.length === 0 ? bytesOfView(value) : value;
  if (types.isAnyArrayBuffer(value)) return bytesOfBuffer(value);
  return types.isDataView(value) ? bytesOfView(value) : undefined;
}

/** A view of the bytes of a typed array or a `DataView`; not a copy. @throws ValueProblem as {@link asBytes} does. */
export function bytesOfView(view: ArrayBufferView): Uint8Array {
  const whole = bytesOfBuffer(view.buffer);
  return whole.subarray(view.byteOffset, view.byteOffset + view.byteLength);
}

function bytesOfBuffer(buffer: ArrayBufferLike): Uint8Array {
  try {
    return new Uint8Array(buffer);
  } catch (error) {
    // Only a detached buffer causes a TypeError. Node 20 does not have the property `detached`.
    if (!(error instanceof TypeError)) throw error;
    throw new ValueProblem('FIDIUS_VALUE_ARGUMENT', 'its memory was transferred to another thread and is empty', {
      hint: 'Pass the data before it is transferred, or pass a copy.',
    });
  }
}

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
