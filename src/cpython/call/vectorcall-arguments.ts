import { PinnedMemory } from '../../ffi/pinned-memory.ts';
import { type Borrowed, type Owned, type Ptr, storePointer } from '../api/pointers.ts';
import type { PythonApi } from '../api/symbols.ts';

/** Arguments that most calls have room for. */
const initialSlots = 16;

/**
 * The argument array of one vectorcall, and the references in it that are owned.
 *
 * Reused by later calls. A call that is made while another one runs (from a callback) needs a separate instance, because
 * the callee borrows the arguments for as long as it runs.
 */
export class VectorcallArguments {
  #memory = new PinnedMemory(8 * initialSlots);
  readonly #owned: Owned[] = [];
  #count = 0;

  /** Adds an argument and takes over the reference. */
  pushOwned(pointer: Owned): void {
    this.#owned.push(pointer);
    this.#push(pointer);
  }

  /** Adds an argument that something else keeps alive. */
  pushBorrowed(pointer: Borrowed): void {
    this.#push(pointer);
  }

  /** Calls with the arguments collected so far. 0 when the callee raised. */
  call(api: PythonApi, callable: Ptr): Owned | 0 {
    return api.PyObject_VectorcallDict(callable, this.#memory.address, this.#count, 0);
  }

  /** Releases the references and removes all arguments. */
  clear(api: PythonApi): void {
    const owned = this.#owned;
    while (owned.length > 0) api.Py_DecRef(owned.pop() as Owned);
    this.#count = 0;
  }

  #push(pointer: Ptr): void {
    if (8 * this.#count === this.#memory.bytes.length) {
      const wider = new PinnedMemory(2 * this.#memory.bytes.length);
      wider.bytes.set(this.#memory.bytes);
      this.#memory = wider;
    }
    storePointer(this.#memory.words, this.#count, pointer);
    this.#count += 1;
  }
}
