import { PinnedMemory } from './ffi.ts';
import type { Memory } from './memory.ts';
import { loadPointer, type Ptr } from './pointers.ts';

/** Every object begins with its reference count and its type. */
const commonBytes = 16;
const typeSlot = 1;

/** An `int` of up to two digits and a `float` end within these. */
const wholeBytes = 32;

const pageBytes = 4096;

/** How an `int` tells the number of its digits and its sign: `ob_size` up to CPython 3.11, `lv_tag` since 3.12. */
type IntLayout = 'size' | 'tag';

/**
 * Reads the beginning of an object with one copy: its type, and the value too when it is a small `int` or a `float`.
 *
 * That saves a call into C for the most frequent results. Where a value lies is not part of CPython's API, so it is not
 * believed but tried out at the start ({@link learn}); where it turns out otherwise, {@link int} and {@link float} give
 * nothing, and the caller asks CPython.
 */
export class ObjectHead {
  readonly #memory: Memory;
  readonly #head = new PinnedMemory(wholeBytes);
  #intLayout: IntLayout | undefined;
  #floatsKnown = false;
  #complete = false;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /**
   * Finds out whether values lie where they are expected.
   *
   * @param ints objects with their values, some of them negative, zero, and of two digits of 30 bits.
   */
  learn(ints: readonly (readonly [Ptr, number])[], floats: readonly (readonly [Ptr, number])[]): void {
    this.#floatsKnown = true;
    this.#floatsKnown = floats.every(([pointer, value]) => this.#knows(pointer, () => this.float(), value));
    for (const layout of ['size', 'tag'] as const) {
      this.#intLayout = layout;
      if (ints.every(([pointer, value]) => this.#knows(pointer, () => this.int(), value))) return;
    }
    this.#intLayout = undefined;
  }

  /** Copies the head of an object and returns the address of its type. Under the lock. */
  read(pointer: Ptr): number {
    // The smallest objects are 16 bytes long, and what lies behind one may belong to nobody; but memory comes in pages.
    this.#complete = (pointer & (pageBytes - 1)) <= pageBytes - wholeBytes;
    this.#memory.copyPinned(this.#head, pointer, this.#complete ? wholeBytes : commonBytes);
    return loadPointer(this.#head.words, typeSlot);
  }

  /** The value of the `int` that was read, if it can be told. */
  int(): number | undefined {
    if (!this.#complete || this.#intLayout === undefined) return undefined;
    const { words } = this.#head;
    const count = words[4] as number;
    const tagged = this.#intLayout === 'tag';
    const digits = tagged ? count >>> 3 : Math.abs(count);
    const negative = tagged ? (count & 3) === 2 : count < 0;
    if (digits === 0) return 0;
    if (digits > 2) return undefined;
    const value = (words[6] as number) + (digits === 2 ? (words[7] as number) * 2 ** 30 : 0);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
    return negative ? -value : value;
  }

  /** The value of the `float` that was read, if it can be told. */
  float(): number | undefined {
    return this.#complete && this.#floatsKnown ? (this.#head.doubles[2] as number) : undefined;
  }

  #knows(pointer: Ptr, value: () => number | undefined, expected: number): boolean {
    this.read(pointer);
    // At the end of a page nothing can be told, which is no mistake.
    return !this.#complete || Object.is(value(), expected);
  }
}
