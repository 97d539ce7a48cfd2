import { FidiusError } from '../errors/fidius-error.ts';

// Symbol.for: see intermediate-values.ts.
const brand = Symbol.for('fidius.value-problem');

export type ValueErrorCode =
  | 'FIDIUS_VALUE_ARGUMENT'
  | 'FIDIUS_VALUE_CYCLE'
  | 'FIDIUS_VALUE_JSON'
  | 'FIDIUS_VALUE_RESULT';

/**
 * A value that cannot be converted. The caller knows what the complete value is called, and creates the error for
 * users.
 *
 * The path is built while the error propagates: each container prepends its own step ({@link prependPath}). Valid
 * values therefore cost nothing. Users see the {@link FidiusError} of {@link toFidiusError}.
 */
export class ValueProblem extends Error {
  readonly code: ValueErrorCode;
  readonly hint: string | undefined;
  /** Path in the complete value, such as `.rows[3].price`; empty for the complete value. */
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
   * @param root name of the complete value: `result`, `arguments`.
   * @param doing describes what failed, given the path: `` (place) => `Cannot pass ${place} to Python` ``.
   */
  toFidiusError(root: string, doing: (place: string) => string): FidiusError {
    return new FidiusError(this.code, `${doing(root + shortened(this.path))}: ${this.message}`, { hint: this.hint });
  }
}

/** True for a {@link ValueProblem}, also of another copy of this library. */
export function isValueProblem(value: unknown): value is ValueProblem {
  return value instanceof Error && brand in value;
}

/**
 * Prepends `step` to the path of a {@link ValueProblem}; returns any other error unchanged. The caller throws the
 * result.
 */
export function prependPath(error: unknown, step: string | number): unknown {
  if (isValueProblem(error)) error.path = pathStep(step) + error.path;
  return error;
}

/** Runs `action`, and prepends `path` to the path of a {@link ValueProblem} that it throws. */
export function inPath<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (isValueProblem(error)) error.path = path + error.path;
    throw error;
  }
}

/** One step of a path, as in code: `[3]`, `.price`, `["unit price"]`. */
export function pathStep(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`;
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step)) return `.${step}`;
  return `[${JSON.stringify(step.length > 40 ? `${step.slice(0, 40)}…` : step)}]`;
}

/** Shortens a long path to its two ends. */
function shortened(path: string): string {
  return path.length > 400 ? `${path.slice(0, 200)}…${path.slice(-100)}` : path;
}
