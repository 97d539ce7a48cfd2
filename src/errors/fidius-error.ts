import type { ErrorCode } from './codes.ts';
import { isError } from './is-error.ts';
import { shownLines } from './shown.ts';

// Symbol.for, so that an error made by a second copy of the package (a test runner that loads modules twice, a worker)
// is recognised all the same.
const brand = Symbol.for('fidius.error');

export interface FidiusErrorOptions {
  /** The underlying exception from Node, Python or a user's callback. */
  readonly cause?: unknown;
  /** One imperative sentence with the next step. The command line prints it under the message. */
  readonly hint?: string | undefined;
}

/**
 * The one error class of the library. Tell failures apart by {@link FidiusError.code}, not by the message.
 *
 * Subclasses exist only for failures with additional data.
 */
export class FidiusError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  static {
    nameErrorClass(this);
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  constructor(code: ErrorCode, message: string, options: FidiusErrorOptions = {}) {
    // Whatever was quoted in it: a message must not be able to move the cursor of the terminal that it is printed on.
    super(shownLines(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint === undefined ? undefined : shownLines(options.hint);
  }
}

/** True for any error of this library, also one from another copy of it; prefer this and `code` to `instanceof`. */
export function isFidiusError(value: unknown): value is FidiusError {
  return isError(value) && brand in value;
}

/** Puts a class's name on its prototype: inherited by subclasses, and not among an instance's own keys. */
export function nameErrorClass(errorClass: { readonly name: string; readonly prototype: Error }): void {
  Object.defineProperty(errorClass.prototype, 'name', { value: errorClass.name, writable: true, configurable: true });
}
