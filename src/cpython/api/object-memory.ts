import { ffi } from '../../ffi/native.ts';
import { PinnedMemory } from '../../ffi/pinned-memory.ts';
import type { Memory } from './memory.ts';
import type { Ptr } from './pointers.ts';

/** What is read of an object at most. */
const readBytes = 32;

/** Every object has its reference count and its type. */
const smallestObjectBytes = 16;

const pageBytes = 4096;

/** The size of the arenas in which CPython keeps small objects, since 3.10. */
const regionBytes = 1 << 20;

/** Regions that are kept in view. V8 counts them as external memory, which is why there is a bound. */
const maxRegions = 64;

interface Region {
  readonly number: number;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
}

/**
 * The first bytes of objects, read where they are.
 *
 * A copy by `memcpy` would be a call into C for each object. So the regions in which objects were met are kept in view,
 * and only bytes of an object that is alive are ever read: the rest of a region need not be allocated.
 * When there are too many regions, or where memory outside of V8's heap cannot be viewed (Electron), the bytes are copied.
 *
 * Under the lock, with an object that the caller keeps alive; what was read is gone with the next {@link moveTo}.
 */
export class ObjectMemory {
  readonly #memory: Memory;
  readonly #copy = new PinnedMemory(readBytes);
  /** Stands for all that is not in view. */
  readonly #elsewhere: Region = { number: -1, words: this.#copy.words, doubles: this.#copy.doubles };
  readonly #regions = new Map<number, Region>();
  #mayView = true;
  #region = this.#elsewhere;
  /** Index among the 32-bit words of the region. */
  #at = 0;
  /** Whether all of {@link readBytes} may be read. */
  complete = false;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  moveTo(object: Ptr): void {
    // Memory behind a small object may not be mapped; but memory is mapped in pages.
    this.complete = (object & (pageBytes - 1)) <= pageBytes - readBytes;
    const number = Math.floor(object / regionBytes);
    if (this.#region.number !== number) this.#region = this.#regions.get(number) ?? this.#view(number);
    if (this.#region.number === number) {
      this.#at = (object & (regionBytes - 1)) >>> 2;
    } else {
      this.#memory.copyPinned(this.#copy, object, this.complete ? readBytes : smallestObjectBytes);
      this.#at = 0;
    }
  }

  /** A 32-bit word, counted from the beginning of the object. */
  word(index: number): number {
    return this.#region.words[this.#at + index] as number;
  }

  /** A pointer at that many pointers from the beginning of the object. */
  pointer(slot: number): number {
    const at = this.#at + 2 * slot;
    const { words } = this.#region;
    return ((words[at] as number) >>> 0) + ((words[at + 1] as number) >>> 0) * 0x1_0000_0000;
  }

  /** A `double` at that many pointers from the beginning of the object. */
  double(slot: number): number {
    return this.#region.doubles[(this.#at >>> 1) + slot] as number;
  }

  /**
   * Where a pointer of an object lies among 32-bit words that show it as it changes; nothing where memory cannot be viewed.
   *
   * To be read only as long as the object is alive.
   */
  locate(object: Ptr, slot: number): { readonly words: Int32Array; readonly at: number } | undefined {
    this.moveTo(object);
    if (!this.complete || this.#region === this.#elsewhere) return undefined;
    return { words: this.#region.words, at: this.#at + 2 * slot };
  }

  /** The region of that number, if it can be viewed. */
  #view(number: number): Region {
    if (!this.#mayView || this.#regions.size === maxRegions) return this.#elsewhere;
    try {
      const buffer = ffi.viewOf(number * regionBytes, regionBytes);
      const region = { number, words: new Int32Array(buffer), doubles: new Float64Array(buffer) };
      this.#regions.set(number, region);
      return region;
    } catch {
      this.#mayView = false;
      return this.#elsewhere;
    }
  }
}
