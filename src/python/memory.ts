import type { PythonApi } from './bind.ts';
import type { Library } from './ffi.ts';
import { loadPointer, type Ptr } from './pointers.ts';

/**
 * Copying between Python's memory and JavaScript's.
 *
 * Nothing here hands out a view of memory that Python owns: a copy cannot dangle. One instance belongs to one
 * JavaScript thread, because its scratch space does.
 */
export class Memory {
  readonly #api: PythonApi;
  readonly #memcpy: Memcpy;
  readonly #strlen: Int32Array = new Int32Array(2);
  #text = Buffer.allocUnsafeSlow(4096);

  constructor(api: PythonApi, process_: Library) {
    this.#api = api;
    this.#memcpy = process_.function('memcpy', 'void', ['memory', 'address', 'size']) as Memcpy;
  }

  /** Fills `to` from an address that Python owns. */
  copy(to: NodeJS.ArrayBufferView, from: number, bytes: number): void {
    this.#memcpy(to, from, bytes);
  }

  /** A copy of a `bytes` object, in memory of its own. */
  copyBytes(bytes: Ptr): Uint8Array {
    const size = this.#api.PyBytes_Size(bytes);
    // Not zeroed first, and not a slice of Node's shared pool, which a caller could transfer away.
    const copy = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    if (size > 0) this.#memcpy(copy, this.#api.PyBytes_AsString(bytes), size);
    return copy;
  }

  /** The text of a `str` object, or nothing when it cannot be UTF-8 (a lone surrogate): then an exception is pending. */
  copyText(string: Ptr): string | undefined {
    const address = this.#api.PyUnicode_AsUTF8AndSize(string, this.#strlen);
    if (address === 0) return undefined;
    const size = loadPointer(this.#strlen, 0);
    if (size > this.#text.length) {
      if (size > 1 << 20) {
        const whole = Buffer.allocUnsafeSlow(size);
        this.#memcpy(whole, address, size);
        return whole.toString('utf8', 0, size);
      }
      this.#text = Buffer.allocUnsafeSlow(2 * size);
    }
    this.#memcpy(this.#text, address, size);
    return this.#text.toString('utf8', 0, size);
  }
}

type Memcpy = (to: NodeJS.ArrayBufferView, from: number, bytes: number) => void;
