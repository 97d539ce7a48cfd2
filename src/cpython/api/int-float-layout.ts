import type { Memory } from './memory.ts';
import { ObjectMemory } from './object-memory.ts';
import type { Ptr } from './pointers.ts';

/** Every object begins with its reference count, and its type follows. */
const typeSlot = 1;

/** How an `int` tells the number of its digits and its sign: `ob_size` up to CPython 3.11, `lv_tag` since 3.12. */
type IntLayout = 'size' | 'tag';

/**
 * Reads the beginning of an object: its type, and the value too when it is a small `int` or a `float`.
 *
 * That saves calls into C for the most frequent results. The position of a value is not part of CPython's API, so it is
 * tested with known objects at the start ({@link probeLayouts}); if the test fails, {@link int} and {@link float}
 * return `undefined`, and the caller asks CPython.
 */
export class IntFloatLayout {
  readonly #view: ObjectMemory;
  #intLayout: IntLayout | undefined;
  #floatsKnown = false;

  constructor(memory: Memory) {
    this.#view = new ObjectMemory(memory);
  }

  /**
   * Finds out whether values lie where they are expected.
   *
   * @param ints objects with their values, some of them negative, zero, and of two digits of 30 bits.
   */
  probeLayouts(ints: readonly (readonly [Ptr, number])[], floats: readonly (readonly [Ptr, number])[]): void {
    this.#floatsKnown = true;
    this.#floatsKnown = floats.every(([pointer, value]) => this.#isRead(pointer, () => this.float(), value));
    for (const layout of ['size', 'tag'] as const) {
      this.#intLayout = layout;
      if (ints.every(([pointer, value]) => this.#isRead(pointer, () => this.int(), value))) return;
    }
    this.#intLayout = undefined;
  }

  /** Turns to an object and returns the address of its type. Under the lock. */
  read(object: Ptr): number {
    this.#view.moveTo(object);
    return this.#view.pointer(typeSlot);
  }

  /** The value of the `int` that was read, if it can be told. */
  int(): number | undefined {
    const view = this.#view;
    if (!view.complete || this.#intLayout === undefined) return undefined;
    const count = view.word(4);
    const tagged = this.#intLayout === 'tag';
    const digits = tagged ? count >>> 3 : Math.abs(count);
    const negative = tagged ? (count & 3) === 2 : count < 0;
    if (digits === 0) return 0;
    if (digits > 2) return undefined;
    const value = view.word(6) + (digits === 2 ? view.word(7) * 2 ** 30 : 0);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
    return negative ? -value : value;
  }

  /** The value of the `float` that was read, if it can be told. */
  float(): number | undefined {
    return this.#view.complete && this.#floatsKnown ? this.#view.double(2) : undefined;
  }

  #isRead(pointer: Ptr, value: () => number | undefined, expected: number): boolean {
    this.read(pointer);
    // At the end of a page nothing can be read. This is not an error.
    return !this.#view.complete || Object.is(value(), expected);
  }
}
