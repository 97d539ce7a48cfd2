import type { TextObject } from '../value-writer.ts';

/** Slots of the table of keys; a power of two. A key whose slot is occupied is not stored. */
const SLOTS = 256;

/** Functions of `fidius_host.codec.pickle_globals` that the writer uses. */
export type PickleFunction = 'moment' | 'view' | 'items' | `${TextObject}_of`;

/**
 * What a pickle already contains and can refer to again: dict keys and functions, with their indices in the memo of the
 * reader. Only such objects are memoized.
 *
 * The keys are in a hash table without chains. The hash uses only the length, the first and the last character of a key:
 * most keys differ in these, and comparing a string with itself is free.
 */
export class PickleMemo {
  /** Number of objects in the memo of the reader at this point. */
  #count = 0;
  readonly #keys: string[] = Array.from({ length: SLOTS }, () => '');
  readonly #indices = new Uint32Array(SLOTS);
  /** The pickle that a slot belongs to. A new pickle therefore needs no clearing. */
  readonly #pickles = new Float64Array(SLOTS);
  #pickle = 1;
  readonly #functions = new Map<PickleFunction, number>();

  /** Removes everything. */
  clear(): void {
    if (this.#count === 0) return;
    this.#count = 0;
    this.#pickle += 1;
    if (this.#functions.size > 0) this.#functions.clear();
  }

  /** The slot for `key`. */
  slotOf(key: string): number {
    const size = key.length;
    const ends = size === 0 ? 0 : key.charCodeAt(0) * 3 + key.charCodeAt(size - 1) * 5;
    return (size * 7 + ends) & (SLOTS - 1);
  }

  /** The index of `key`, whose slot is `slot`; -1 when it is not stored. */
  indexIn(slot: number, key: string): number {
    return this.#pickles[slot] === this.#pickle && this.#keys[slot] === key ? (this.#indices[slot] as number) : -1;
  }

  isFree(slot: number): boolean {
    return this.#pickles[slot] !== this.#pickle;
  }

  /** Adds a key, which the reader memoizes next. */
  addKey(slot: number, key: string): void {
    this.#keys[slot] = key;
    this.#pickles[slot] = this.#pickle;
    this.#indices[slot] = this.#count++;
  }

  /** The index of a function; -1 when the pickle does not contain it yet. */
  indexOf(name: PickleFunction): number {
    return this.#functions.get(name) ?? -1;
  }

  /** Adds a function, which the reader memoizes next. */
  addFunction(name: PickleFunction): void {
    this.#functions.set(name, this.#count++);
  }
}
