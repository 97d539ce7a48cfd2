import type { Libc, LibcFunction } from '../../ffi/libc.ts';
import { PinnedMemory } from '../../ffi/pinned-memory.ts';
import { loadPointer, type Ptr } from './pointers.ts';
import type { PythonApi } from './symbols.ts';

/** Most results are smaller than this. */
const scratchBytes = 16_384;

/** From here on glibc gets memory from the system for each block, until it has learned better. */
const largeBytes = 128 * 1024;

/** The largest block from which glibc learns, or a little less. */
const trimThresholdBytes = 31 * 1024 * 1024;

/**
 * Copying between Python's memory and JavaScript's.
 *
 * Nothing here hands out a view of memory that Python owns: a copy cannot dangle. One instance belongs to one
 * JavaScript thread, because its scratch space does.
 */
export class Memory {
  readonly #api: PythonApi;
  readonly #copyTo: LibcFunction<'copyToMemory'>;
  readonly #copyToAddress: LibcFunction<'copyToAddress'>;
  readonly #copyFrom: LibcFunction<'copyFromMemory'>;
  readonly #size = new PinnedMemory(8);
  readonly #scratch = new PinnedMemory(scratchBytes);
  readonly #scratchText: Buffer;
  #bytesOffset: number | undefined;
  #trimThresholdRaised = process.platform !== 'linux';

  constructor(api: PythonApi, libc: Libc) {
    this.#api = api;
    this.#copyTo = libc.bind('copyToMemory');
    this.#copyToAddress = libc.bind('copyToAddress');
    this.#copyFrom = libc.bind('copyFromMemory');
    this.#scratchText = Buffer.from(this.#scratch.buffer);
  }

  /** Fills pinned memory from an address that Python owns. */
  copyPinned(to: PinnedMemory, from: number, bytes: number): void {
    this.#copyToAddress(to.address, from, bytes);
  }

  /** Fills a block of C memory of at least that size. Needs no lock. */
  store(to: number, from: NodeJS.TypedArray): void {
    this.#copyFrom(to, from, from.byteLength);
  }

  /** A copy of a `bytes` object, in separate memory. */
  copyBytes(bytes: Ptr): Uint8Array {
    return this.copyOf(this.#dataOf(bytes), this.#api.PyBytes_Size(bytes));
  }

  /** A copy of the bytes at an address, in separate memory. */
  copyOf(from: number, bytes: number): Uint8Array {
    if (bytes >= largeBytes && !this.#trimThresholdRaised) this.#raiseTrimThreshold();
    // Not zeroed first, and not a slice of Node's shared pool, which a caller could transfer away.
    const copy = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
    if (bytes > 0) this.#copyTo(copy, from, bytes);
    return copy;
  }

  /** The same for a reader that is done before anything else is copied: a small one lies in memory that is used again. */
  peekBytes(bytes: Ptr): Uint8Array {
    const size = this.#api.PyBytes_Size(bytes);
    if (size > scratchBytes) return this.copyOf(this.#dataOf(bytes), size);
    this.#copyToAddress(this.#scratch.address, this.#dataOf(bytes), size);
    return new Uint8Array(this.#scratch.buffer, 0, size);
  }

  /** The text of a `str` object, or nothing when it cannot be UTF-8 (a lone surrogate): then an exception is pending. */
  copyText(string: Ptr): string | undefined {
    const address = this.#api.PyUnicode_AsUTF8AndSize(string, this.#size.address);
    if (address === 0) return undefined;
    const size = loadPointer(this.#size.words, 0);
    if (size <= scratchBytes) {
      this.#copyToAddress(this.#scratch.address, address, size);
      return this.#scratchText.toString('utf8', 0, size);
    }
    const text = Buffer.allocUnsafeSlow(size);
    this.#copyTo(text, address, size);
    return text.toString('utf8');
  }

  /**
   * Has glibc keep up to twice {@link trimThresholdBytes} that were freed, instead of giving them back to the system each time.
   *
   * V8 frees results by the dozen, and to get each page back costs more than to copy into it. Freeing a block tells glibc
   * that blocks of this size come and go; the memory of this one is never touched.
   */
  #raiseTrimThreshold(): void {
    this.#trimThresholdRaised = true;
    this.#api.PyMem_RawFree(this.#api.PyMem_RawMalloc(trimThresholdBytes));
  }

  /** Where the bytes of a `bytes` object begin: at one offset for all of them, which the first one tells. */
  #dataOf(bytes: Ptr): number {
    this.#bytesOffset ??= this.#api.PyBytes_AsString(bytes) - bytes;
    return bytes + this.#bytesOffset;
  }
}
