import type { ErrorCode } from './codes.ts';
import { FidiusError, type FidiusErrorOptions, nameErrorClass } from './fidius-error.ts';

/** One location in the search for Python, and the result. */
export interface Attempt {
  /** How the reader knows the place: `option python`, `FIDIUS_PYTHON`, `PATH`, … */
  readonly locator: string;
  /** The value found there, usually a path; empty if there is none. */
  readonly looked: string;
  /** `used`, or why not. */
  readonly outcome: string;
}

/**
 * Thrown if no usable Python was found. Contains all searched locations in order.
 *
 * The code describes the most promising candidate: missing, static, too old, of another architecture, …
 */
export class PythonNotFoundError extends FidiusError {
  /** Every location that was searched, in order. */
  readonly attempts: readonly Attempt[];

  static {
    nameErrorClass(this);
  }

  constructor(code: ErrorCode, message: string, attempts: readonly Attempt[], options: FidiusErrorOptions = {}) {
    super(code, message, options);
    this.attempts = attempts;
  }
}
