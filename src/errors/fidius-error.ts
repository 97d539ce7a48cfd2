import type { ErrorCode } from './codes.ts';
import { isError } from './is-error.ts';
import { shownLines } from './shown.ts';

// Symbol.for, so that an error made by a second copy of the package (a test runner that loads modules twice, a worker)
// is recognised all the same.
const brand = Symbol.for('fidius.error');

/** What an error of this library says in addition to its message. */
export interface FidiusErrorOptions {
  /**
   * The underlying error: from Node, from Python, or from a callback of the user.
   *
   * @default no cause
   */
  readonly cause?: unknown;
  /**
   * One imperative sentence that says what to do next. The command line prints it below the message.
   *
   * @default no hint
   */
  readonly hint?: string | undefined;
}

/**
 * An error of this library. Distinguish errors by {@link FidiusError.code}, not by the message.
 *
 * A subclass exists only for an error with additional data, and for misuse: {@link FidiusTypeError}, {@link FidiusRangeError}.
 */
export class FidiusError extends Error {
  /** Says which error it is. It is never renamed, and its meaning never changes. */
  readonly code: ErrorCode;
  /** One imperative sentence that says what to do next. */
  readonly hint: string | undefined;

  static {
    markErrorClass(this);
  }

  /** @internal Misuse is a `TypeError` or a `RangeError`, and an instance of this class as well. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this === FidiusError) return isFidiusError(value);
    return Function.prototype[Symbol.hasInstance].call(this, value);
  }

  constructor(code: ErrorCode, message: string, options: FidiusErrorOptions = {}) {
    super(...toSuper(message, options));
    this.code = code;
    this.hint = options.hint === undefined ? undefined : shownLines(options.hint);
  }
}

// The two classes are written out: through a function that makes them, their declarations would not extend the classes of
// JavaScript, and would name a type that is not exported.

/** A `TypeError` for misuse of a function: an argument or an option of the wrong type. `isFidiusError()` is true for it. */
export class FidiusTypeError extends TypeError {
  /** Says which error it is. */
  readonly code: ErrorCode;
  /** One imperative sentence that says what to do next. */
  readonly hint: string | undefined;

  static {
    markErrorClass(this);
  }

  constructor(code: ErrorCode, message: string, options: FidiusErrorOptions = {}) {
    super(...toSuper(message, options));
    this.code = code;
    this.hint = options.hint === undefined ? undefined : shownLines(options.hint);
  }
}

/** A `RangeError` for misuse: a value of the right type that is not allowed. `isFidiusError()` is true for it. */
export class FidiusRangeError extends RangeError {
  /** Says which error it is. */
  readonly code: ErrorCode;
  /** One imperative sentence that says what to do next. */
  readonly hint: string | undefined;

  static {
    markErrorClass(this);
  }

  constructor(code: ErrorCode, message: string, options: FidiusErrorOptions = {}) {
    super(...toSuper(message, options));
    this.code = code;
    this.hint = options.hint === undefined ? undefined : shownLines(options.hint);
  }
}

/** True for every error of this library, also for one of another copy of it. Prefer this and `code` to `instanceof`. */
export function isFidiusError(value: unknown): value is FidiusError {
  return isError(value) && brand in value;
}

/** Control characters are escaped: quoted text must not control the terminal that the message is printed on. */
function toSuper(message: string, { cause }: FidiusErrorOptions): [string, ErrorOptions?] {
  return cause === undefined ? [shownLines(message)] : [shownLines(message), { cause }];
}

function markErrorClass(errorClass: { readonly name: string; readonly prototype: Error }): void {
  nameErrorClass(errorClass);
  Object.defineProperty(errorClass.prototype, brand, { value: true });
}

/** Puts a class's name on its prototype: inherited by subclasses, and not among an instance's own keys. */
export function nameErrorClass(errorClass: { readonly name: string; readonly prototype: Error }): void {
  Object.defineProperty(errorClass.prototype, 'name', { value: errorClass.name, writable: true, configurable: true });
}
