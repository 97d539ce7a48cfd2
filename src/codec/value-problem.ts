import { FidiusError } from '../errors/fidius-error.ts';

// Symbol.for: see integral-float.ts.
const brand = Symbol.for('fidius.value-problem');

export type ValueErrorCode = 'FIDIUS_VALUE_ARGUMENT' | 'FIDIUS_VALUE_CYCLE' | 'FIDIUS_VALUE_RESULT';

/**
 * A value that cannot cross, on its way out to the caller, who knows what the whole is called.
 *
 * The place is put together while the error unwinds: each container that it leaves writes its own step in front
 * ({@link prependPath}). Values that do cross pay nothing for it. What users see is the {@link FidiusError} made at the end.
 */
export class ValueProblem extends Error {
  readonly code: ValueErrorCode;
  readonly hint: string | undefined;
  /** Where the value sits in the whole, such as `.rows[3].price`; empty for the whole itself. */
  path: string;

  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  constructor(code: ValueErrorCode, problem: string, options: { readonly path?: string; readonly hint?: string } = {}) {
    super(problem);
    this.code = code;
    this.hint = options.hint;
    this.path = options.path ?? '';
  }

  /**
   * The error for users.
   *
   * @param root what the whole is called: `result`, `arguments`.
   * @param doing what was being done, given the place: `` (place) => `Cannot pass ${place} to Python` ``.
   */
  toFidiusError(root: string, doing: (place: string) => string): FidiusError {
    return new FidiusError(this.code, `${doing(root + shortened(this.path))}: ${this.message}`, { hint: this.hint });
  }
}

/** True for a {@link ValueProblem}, also one of another copy of this library. */
export function isValueProblem(value: unknown): value is ValueProblem {
  return value instanceof Error && brand in value;
}

/** `error` one step further out, if it is a {@link ValueProblem}; anything else as it came. To be thrown again. */
export function prependPath(error: unknown, step: string | number): unknown {
  if (isValueProblem(error)) error.path = pathStep(step) + error.path;
  return error;
}

/** Runs `action`; a {@link ValueProblem} that it throws gets `path` in front of its own. */
export function inPath<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (isValueProblem(error)) error.path = path + error.path;
    throw error;
  }
}

/** One step of a path as it would be written in code: `[3]`, `.price`, `["unit price"]`. */
export function pathStep(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`;
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step)) return `.${step}`;
  return `[${JSON.stringify(step.length > 40 ? `${step.slice(0, 40)}…` : step)}]`;
}

/** A path that a person can still read: of a very long one, both ends. */
function shortened(path: string): string {
  return path.length > 400 ? `${path.slice(0, 200)}…${path.slice(-100)}` : path;
}
