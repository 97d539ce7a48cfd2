import type { Attempt } from '../../errors/python-not-found-error.ts';

/** Everything the search learned about one Python: a plain record, made to be printed. */
export interface LocatedPython {
  /** The interpreter to name as the program, inside its virtual environment if it is in one. */
  readonly executable: string | undefined;
  /** `3.11.7`; only `3.11` when a library was found alone and no interpreter was asked. */
  readonly version: string;
  /** Where packages are installed: the virtual environment, or the same as `basePrefix`. */
  readonly prefix: string;
  /** Where Python itself is installed, with its standard library. */
  readonly basePrefix: string;
  /** Absolute path of the shared library; it was looked into and fits this process. */
  readonly libpython: string | undefined;
  /** Whether there is a shared library; without one Python can only run in a separate process. */
  readonly shared: boolean;
  /** Built without the global interpreter lock. */
  readonly freeThreaded: boolean;
  /** Built with `--with-pydebug`. */
  readonly debug: boolean;
  /** `cpython`. */
  readonly implementation: string;
  /** As `process.arch` spells it: `x64`, `arm64`, … */
  readonly machine: string;
  /** Folders of installed packages, in the order of `sys.path`; empty when no interpreter was asked. */
  readonly sitePackages: readonly string[];
  /** The locator that found it, such as `VIRTUAL_ENV`. */
  readonly foundBy: string;
}

export interface LocateOptions {
  /** Path of the shared library. Together with `python` the two must be of one version. */
  readonly libpython?: string | undefined;
  /** An interpreter: a path, a command on `PATH`, or the folder of a virtual environment. */
  readonly python?: string | undefined;
  /** Where relative paths start and `.venv` is looked for. Default: the current folder of the process. */
  readonly cwd?: string | undefined;
  /** Default: the environment of the process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Accept an interpreter without a shared library: enough to run Python in a separate process. Default: `false`. */
  readonly allowStatic?: boolean | undefined;
  /**
   * Whether the library and its interpreter are all that is wanted, to start them: then an interpreter whose file names its
   * library is not asked, and the record is that of a library found alone. Default: `false`.
   */
  readonly toStart?: boolean | undefined;
  /** Whether `.venv` in the current folder is skipped unless it is named. Default: `false`. */
  readonly isolatePython?: boolean | undefined;
  /** How long an interpreter may take to say who it is. Default: 10,000. */
  readonly probeTimeoutMs?: number | undefined;
}

export interface LocateResult {
  readonly python: LocatedPython;
  /** Every place tried, in the order of the search; the last is the one that was used. */
  readonly attempts: readonly Attempt[];
}

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
  /** Whether the search stops where an interpreter has to be asked, instead of waiting for it. */
  readonly deferProbes: boolean;
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
