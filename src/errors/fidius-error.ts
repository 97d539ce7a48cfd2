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
  /**
   * The call that failed.
   *
   * @default not an error of a call
   */
  readonly call?: CallPlace | undefined;
}

/** The plugin and the method of a call. */
export interface CallPlace {
  /** Name of the plugin. */
  readonly plugin: string;
  /** Name of the method. */
  readonly method: string;
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
  declare readonly hint: string | undefined;
  /** Name of the plugin that was called; `undefined` if the error is not about a call. */
  declare readonly plugin: string | undefined;
  /** Name of the method that was called; `undefined` if the error is not about a call. */
  declare readonly method: string | undefined;

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
    assignKnown<FidiusError>(this, commonFields(options));
  }
}

// The two classes are written out: through a function that makes them, their declarations would not extend the classes of
// JavaScript, and would name a type that is not exported.

/** A `TypeError` for misuse of a function: an argument or an option of the wrong type. `isFidiusError()` is true for it. */
export class FidiusTypeError extends TypeError {
  /** Says which error it is. */
  readonly code: ErrorCode;
  /** One imperative sentence that says what to do next. */
  declare readonly hint: string | undefined;
  /** Name of the plugin that was called; `undefined` if the error is not about a call. */
  declare readonly plugin: string | undefined;
  /** Name of the method that was called; `undefined` if the error is not about a call. */
  declare readonly method: string | undefined;

  static {
    markErrorClass(this);
  }

  constructor(code: ErrorCode, message: string, options: FidiusErrorOptions = {}) {
    super(...toSuper(message, options));
    this.code = code;
    assignKnown<FidiusError>(this, commonFields(options));
  }
}

/** A `RangeError` for misuse: a value of the right type that is not allowed. `isFidiusError()` is true for it. */
export class FidiusRangeError extends RangeError {
  /** Says which error it is. */
  readonly code: ErrorCode;
  /** One imperative sentence that says what to do next. */
  declare readonly hint: string | undefined;
  /** Name of the plugin that was called; `undefined` if the error is not about a call. */
  declare readonly plugin: string | undefined;
  /** Name of the method that was called; `undefined` if the error is not about a call. */
  declare readonly method: string | undefined;

  static {
    markErrorClass(this);
  }

  constructor(code: ErrorCode, message: string, options: FidiusErrorOptions = {}) {
    super(...toSuper(message, options));
    this.code = code;
    assignKnown<FidiusError>(this, commonFields(options));
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

function commonFields({ hint, call }: FidiusErrorOptions): Pick<FidiusError, 'hint' | 'plugin' | 'method'> {
  return { hint: hint === undefined ? undefined : shownLines(hint), plugin: call?.plugin, method: call?.method };
}

/**
 * Sets the fields that have a value. Node prints every field of an uncaught error: one that is `undefined` says nothing.
 *
 * The class declares such a field with `declare`: a field of a class is otherwise set to `undefined`.
 */
export function assignKnown<T extends Error>(error: T, fields: { readonly [K in keyof T]?: T[K] | undefined }): void {
  Object.assign(error, Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)));
}

function markErrorClass(errorClass: { readonly name: string; readonly prototype: Error }): void {
  nameErrorClass(errorClass, 'hint', 'plugin', 'method');
  Object.defineProperty(errorClass.prototype, brand, { value: true });
}

/**
 * Puts a class's name on its prototype: inherited by subclasses, and not among an instance's own keys.
 *
 * @param fields the names of fields that {@link assignKnown} may leave out: they are then `undefined`, and not missing.
 */
export function nameErrorClass(
  errorClass: { readonly name: string; readonly prototype: Error },
  ...fields: readonly string[]
): void {
  const { name, prototype } = errorClass;
  Object.defineProperty(prototype, 'name', { value: name, writable: true, configurable: true });
  for (const field of fields)
    Object.defineProperty(prototype, field, { value: undefined, writable: true, configurable: true });
}
