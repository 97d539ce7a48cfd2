import type { LocatedPython } from './located-python.ts';

/** What every locator may look at: the options of the search, complete. */
export interface Search {
  readonly libpython: string | undefined;
  readonly python: string | undefined;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly allowStatic: boolean;
  readonly toStart: boolean;
  readonly isolatePython: boolean;
  readonly probeTimeoutMs: number;
}

/** What looking into a candidate gives: the record without its place in the search. */
export type ExaminedPython = Omit<LocatedPython, 'foundBy'>;

/** Something that may be a Python. It costs nothing until it is examined. */
export interface Candidate {
  /** What the reader is told was looked at. */
  readonly looked: string;
  /** Looks into it. Throws a `FidiusError` whose message continues a sentence that begins with what was looked at. */
  examine(): ExaminedPython;
}

/** One place where a Python may be found. */
export interface Locator {
  /** How messages name the place. */
  readonly name: string;
  /**
   * Whether a Python named here is an order. An unusable one is then an error: running another Python than the one
   * that was asked for would only move the trouble to the first import.
   */
  readonly binding: boolean;
  /** The candidates of this place in their order; none when the place names no Python. */
  candidates(search: Search): Iterable<Candidate>;
  /** Why there was no candidate, in the words of the record. */
  absence(search: Search): string;
}
