/** Slots of the table; a power of two. Keys that share a slot with an earlier one are not remembered. */
const SLOTS = 256;

/**
 * The dict keys that a pickle holds already, and where in the reader's memo they are.
 *
 * A table without chains and without hashing whole strings: most keys are found by their length and their ends, and
 * comparing a string with itself costs nothing.
 */
export class KeyMemo {
  readonly #keys: string[] = Array.from({ length: SLOTS }, () => '');
  readonly #indices = new Uint32Array(SLOTS);
  /** The pickle that a slot was filled for: nothing has to be cleared in between. */
  readonly #pickles = new Float64Array(SLOTS);
  #pickle = 1;

  /** Forgets all keys. */
  clear(): void {
    this.#pickle += 1;
  }

  /** The slot in which `key` is found, or could be put. */
  slotOf(key: string): number {
    const size = key.length;
    const ends = size === 0 ? 0 : key.charCodeAt(0) * 3 + key.charCodeAt(size - 1) * 5;
    return (size * 7 + ends) & (SLOTS - 1);
  }

  /** Index in the memo of `key`, which belongs into `slot`, or -1. */
  indexIn(slot: number, key: string): number {
    return this.#pickles[slot] === this.#pickle && this.#keys[slot] === key ? (this.#indices[slot] as number) : -1;
  }

  isFree(slot: number): boolean {
    return this.#pickles[slot] !== this.#pickle;
  }

  put(slot: number, key: string, index: number): void {
    this.#keys[slot] = key;
    this.#pickles[slot] = this.#pickle;
    this.#indices[slot] = index;
  }
}
