import type { Interpreter } from '../../cpython/interpreter.ts';
import { referenceBytes } from '../../protocol/frames.ts';
import type { SharedMemory } from '../server/transport.ts';

/** Size in bytes above which two copies in memory are faster than a socket: see `bench/payload-threshold.ts`. */
const thresholdBytes = 64 * 1024;

/**
 * The memory of this process, which the `thread` executor's server shares.
 *
 * A payload for Python is copied into a block of C memory that Python frees: the memory of JavaScript may be freed at any
 * time, when a worker thread is terminated during a call. None of this takes the GIL.
 */
export class InProcessMemory implements SharedMemory {
  readonly threshold: number;
  readonly #interpreter: Interpreter;
  readonly #reference = new DataView(new ArrayBuffer(referenceBytes));

  constructor(interpreter: Interpreter, threshold = thresholdBytes) {
    this.#interpreter = interpreter;
    this.threshold = threshold;
  }

  give(payload: Uint8Array): Uint8Array {
    const address = this.#interpreter.api.PyMem_RawMalloc(payload.length);
    if (address === 0) throw new RangeError(`no memory for a payload of ${payload.length} bytes`);
    this.#interpreter.memory.store(address, payload);
    this.#reference.setBigUint64(0, BigInt(address), true);
    this.#reference.setBigUint64(8, BigInt(payload.length), true);
    return new Uint8Array(this.#reference.buffer);
  }

  copy(reference: Uint8Array): Uint8Array {
    const { buffer, byteOffset, length } = reference;
    const view = new DataView(buffer, byteOffset, length);
    return this.#interpreter.memory.copyOf(Number(view.getBigUint64(0, true)), Number(view.getBigUint64(8, true)));
  }
}
