import { types } from 'node:util';
import { ValueProblem } from './value-problem.ts';

/**
 * The memory of whatever JavaScript holds bytes in: `Uint8Array`, `Buffer`, `ArrayBuffer`, `SharedArrayBuffer`,
 * `DataView`. Not a copy. `undefined` for everything else, other typed arrays included: they hold numbers.
 *
 * @throws ValueProblem when the memory was transferred to another thread: it would read as empty.
 */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (types.isUint8Array(value)) return value.length === 0 ? bytesOfView(value) : value;
  if (types.isAnyArrayBuffer(value)) return bytesOfBuffer(value);
  return types.isDataView(value) ? bytesOfView(value) : undefined;
}

/** The bytes below a typed array or a `DataView`. Not a copy. @throws ValueProblem as {@link asBytes} does. */
export function bytesOfView(view: ArrayBufferView): Uint8Array {
  const whole = bytesOfBuffer(view.buffer);
  return whole.subarray(view.byteOffset, view.byteOffset + view.byteLength);
}

function bytesOfBuffer(buffer: ArrayBufferLike): Uint8Array {
  try {
    return new Uint8Array(buffer);
  } catch (error) {
    // Of all buffers only a detached one is refused. It cannot be asked on Node 20: `detached` came later.
    if (!(error instanceof TypeError)) throw error;
    throw new ValueProblem('FIDIUS_VALUE_ARGUMENT', 'its memory was transferred away and holds nothing any more', {
      hint: 'Pass the data before it is transferred, or pass a copy.',
    });
  }
}
