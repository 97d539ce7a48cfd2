import type { Owned } from '../api/pointers.ts';

/** An address as it stands in memory: two words from an index on. */
export interface Place {
  readonly words: Int32Array;
  readonly at: number;
}

/** Where nothing can be told: there are no words, which equal nothing. */
export const nowhere: Place = { words: new Int32Array(0), at: 0 };

/** A context in which one call runs, or that waits for the next one. */
export class EnteredContext {
  readonly owner: object;
  readonly context: Owned;
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #low: number;
  readonly #high: number;

  constructor(owner: object, context: Owned, { words, at }: Place) {
    this.owner = owner;
    this.context = context;
    this.#words = words;
    this.#at = at;
    this.#low = words[at] ?? 0;
    this.#high = words[at + 1] ?? 0;
  }

  /** Whether its variables are those that it began with. Under the lock. */
  get unchanged(): boolean {
    return this.#words[this.#at] === this.#low && this.#words[this.#at + 1] === this.#high;
  }
}

/**
 * What is entered on a JavaScript thread. One per interpreter, which all copies of this library on the thread share: contexts
 * are left in the opposite order of entering.
 */
export interface ContextState {
  /** How many calls are running, one inside the other. */
  depth: number;
  /** The context that was left entered when no call runs. */
  idle: EnteredContext | undefined;
}
