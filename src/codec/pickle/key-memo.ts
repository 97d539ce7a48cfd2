/** Slots of the table; a power of two. A key whose slot is occupied is not stored. */
const SLOTS = 256;

/**
 * The dict keys that a pickle already contains, and their indices in the memo of the reader.
 *
 * A hash table without chains. The hash uses only the length, the first and the last character of a key: most keys
 * differ in these, and comparing a string with itself is free.
 */
export class KeyMemo {
  readonly #keys: string[] = Array.from({ length: SLOTS }, () => '');
  readonly #indices = new Uint32Array(SLOTS);
  /** The pickle that a slot belongs to. A new pickle therefore needs no clearing. */
  readonly #pickles = new Float64Array(SLOTS);
  #pickle = 1;

  /** Removes all keys. */
  clear(): void {
    this.#pickle += 1;
  }

  /** The slot for `key`. */
  slotOf(key: string): number {
    const size = key.length;
    const ends = size === 0 ? 0 : key.charCodeAt(0) * 3 + key.charCodeAt(size - 1) * 5;
    return (size * 7 + ends) & (SLOTS - 1);
  }

  /** The memo index of `key`, whose slot is `slot`; -1 when it is not stored. */
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
