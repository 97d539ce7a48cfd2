import type { DetachedBuffer } from '../../codec/pickle/unpickler.ts';
import { PinnedMemory } from '../../ffi/pinned-memory.ts';
import { loadPointer, type Owned, type Ptr } from '../api/pointers.ts';
import type { Scalars } from '../api/scalars.ts';
import type { Interpreter } from '../interpreter.ts';

/** A `Py_buffer`: 80 bytes, of which the address comes first and the size at the third place. */
const bufferBytes = 80;
const [addressSlot, sizeSlot] = [0, 2];
/** `PyBUF_SIMPLE` */
const asBytes = 0;

const noBytes = new Uint8Array();

/**
 * What `host_api.call()` and `host_api.encode()` return, brought over in one copy.
 *
 * One per caller: its content is good until the next {@link take}.
 */
export class EncodedResult {
  readonly #interpreter: Interpreter;
  readonly #scalars: Scalars;
  readonly #buffer = new PinnedMemory(bufferBytes);
  bytes: Uint8Array = noBytes;
  /** The large buffers, which are not among the bytes. */
  buffers: readonly DetachedBuffer[] | undefined;

  constructor(interpreter: Interpreter, scalars: Scalars) {
    this.#interpreter = interpreter;
    this.#scalars = scalars;
  }

  /** Takes the content and releases the reference. Under the GIL. */
  take(result: Owned): void {
    const { api, memory } = this.#interpreter;
    try {
      if (this.#scalars.isBytes(result)) {
        this.bytes = memory.peekBytes(result);
        this.buffers = undefined;
      } else {
        this.#takeParts(result);
      }
    } finally {
      api.Py_DecRef(result);
    }
  }

  /** To be called when it is decoded: a large result must not stay in memory until the next one comes. */
  clear(): void {
    this.bytes = noBytes;
    this.buffers = undefined;
  }

  /** `bytes`, a buffer, `bytes`, and so on, with `bytes` at the end. */
  #takeParts(list: Ptr): void {
    const { api, memory } = this.#interpreter;
    const pieces: Uint8Array[] = [];
    const buffers: DetachedBuffer[] = [];
    let at = 0;
    for (let index = 0; index < api.PyList_Size(list); index += 1) {
      const part = api.PyList_GetItem(list, index) as Ptr;
      if (index % 2 === 0) {
        const piece = memory.copyBytes(part);
        pieces.push(piece);
        at += piece.length;
      } else {
        buffers.push({ at, bytes: this.#copyBuffer(part) });
      }
    }
    this.bytes = Buffer.concat(pieces);
    this.buffers = buffers;
  }

  /** A copy of what an object exports as one piece of memory. */
  #copyBuffer(exporter: Ptr): Uint8Array {
    const { api, memory } = this.#interpreter;
    const { address, words } = this.#buffer;
    if (api.PyObject_GetBuffer(exporter, address, asBytes) !== 0) this.#interpreter.owned(0);
    try {
      return memory.copyOf(loadPointer(words, addressSlot), loadPointer(words, sizeSlot));
    } finally {
      api.PyBuffer_Release(address);
    }
  }
}
