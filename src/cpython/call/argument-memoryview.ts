import { KEPT_SIZE, type PickleWriter } from '../../codec/pickle/pickle-writer.ts';
import { ffi } from '../../ffi/native.ts';
import type { Owned, Ptr } from '../api/pointers.ts';
import type { Interpreter } from '../interpreter.ts';

/** `PyBUF_READ` */
const readOnly = 0x100;

/**
 * Python's view of the memory that arguments are written into, which is the same for nearly all calls: that saves making a
 * `bytes` object of each.
 *
 * Under the GIL. It is read before anything else can be written: in one call that is not nested in another.
 */
export class ArgumentMemoryview {
  readonly #interpreter: Interpreter;
  #memory: Uint8Array | undefined;
  #view: Owned | undefined;

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
  }

  /** A `memoryview` that begins with what was written, or nothing when it is too large to be kept. Borrowed. */
  of(writer: PickleWriter): Ptr | undefined {
    const { memory } = writer;
    if (memory === this.#memory) return this.#view;
    if (memory.length > KEPT_SIZE) return undefined;
    const { api } = this.#interpreter;
    const view = this.#interpreter.owned(api.PyMemoryView_FromMemory(ffi.addressOf(memory), memory.length, readOnly));
    if (this.#view !== undefined) api.Py_DecRef(this.#view);
    this.#memory = memory;
    this.#view = view;
    return view;
  }
}
