import type { ErrorCode } from './codes.ts';
import { FidiusError, type FidiusErrorOptions, nameErrorClass } from './fidius-error.ts';

/** One place that was looked at in the search for Python, and what came of it. */
export interface Attempt {
  /** How the reader knows the place: `option python`, `FIDIUS_PYTHON`, `PATH`, … */
  readonly locator: string;
  /** What was looked at there, usually a path; empty when the place names nothing. */
  readonly looked: string;
  /** `used`, or why not. */
  readonly outcome: string;
}

/**
 * Raised when the search for Python ended without one, with every place that was tried, in the order of the search.
 *
 * The code says what was wrong with the Python that came nearest: missing, static, too old, of another architecture, …
 */
export class PythonNotFoundError extends FidiusError {
  readonly attempts: readonly Attempt[];

  static {
    nameErrorClass(this);
  }

  constructor(code: ErrorCode, message: string, attempts: readonly Attempt[], options: FidiusErrorOptions = {}) {
    super(code, message, options);
    this.attempts = attempts;
  }
}
