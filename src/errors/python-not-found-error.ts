import type { ErrorCode } from './codes.ts';
import { FidiusError, nameErrorClass } from './fidius-error.ts';

/** One place that was looked at in the search for Python, and what came of it. */
export interface Attempt {
  /** How the reader knows the place: `option python`, `FIDIUS_PYTHON`, `PATH`, … */
  readonly locator: string;
  /** What was looked at there: a path, a command name, or nothing when the place names none. */
  readonly looked: string;
  /** `used`, or why not. */
  readonly outcome: string;
}

/** Raised when the search for Python ended without one, with every place that was tried, in the order of the search. */
export class PythonNotFoundError extends FidiusError {
  readonly attempts: readonly Attempt[];

  static {
    nameErrorClass(this);
  }

  constructor(
    code: ErrorCode,
    summary: string,
    attempts: readonly Attempt[],
    options: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(code, [summary, ...attempts.map((attempt) => `  ${toLine(attempt)}`)].join('\n'), options);
    this.attempts = attempts;
  }
}

function toLine({ locator, looked, outcome }: Attempt): string {
  return looked === '' ? `${locator}: ${outcome}` : `${locator}: ${looked}: ${outcome}`;
}
