import { closest } from './closest.ts';
import { type FidiusError, FidiusRangeError, FidiusTypeError } from './fidius-error.ts';

/**
 * Rejects unknown option names. A misspelt option would otherwise be ignored silently.
 *
 * @param place name of the function for messages, such as `PluginHost.open()`.
 * @throws {@link FidiusError} `FIDIUS_OPTION_UNKNOWN`, or `FIDIUS_ARGUMENT_INVALID` if `options` is not a plain object.
 */
export function checkOptionNames(place: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new FidiusTypeError(
      'FIDIUS_ARGUMENT_INVALID',
      `Options of ${place} must be an object, got ${describe(options)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const near = closest(name, known);
    throw new FidiusTypeError('FIDIUS_OPTION_UNKNOWN', `Unknown option "${name}" in ${place}`, {
      hint: near === undefined ? `Known options: ${known.join(', ')}.` : `Write "${near}".`,
    });
  }
}

/**
 * Refuses a value that is not one of a few.
 *
 * @throws {@link FidiusError} `FIDIUS_OPTION_INVALID`.
 */
export function checkChoice(place: string, name: string, value: unknown, choices: readonly string[]): void {
  if (typeof value === 'string' && choices.includes(value)) return;
  const expected = choices.map((choice) => `"${choice}"`).join(' or ');
  const ErrorClass = typeof value === 'string' ? FidiusRangeError : FidiusTypeError;
  throw new ErrorClass(
    'FIDIUS_OPTION_INVALID',
    `Option "${name}" of ${place} must be ${expected}, got ${describe(value)}`,
  );
}

/** A short description of a value for an error message. It never contains the whole content. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') {
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
  }
  if (typeof value === 'object') return describeObject(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'boolean') return String(value);
  return 'undefined';
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name = value.constructor?.name;
  return name === undefined || name === 'Object' ? 'an object' : `an instance of ${name}`;
}

/** The longest delay that a timer of Node takes; it silently makes 1 ms of anything beyond. */
const longestTimerMs = 2 ** 31 - 1;

/** @throws FidiusError `FIDIUS_OPTION_INVALID` unless it is undefined, Infinity, or positive and no more than a timer takes. */
export function checkTimeout(name: string, value: unknown): void {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return;
  if (typeof value === 'number' && value > 0 && value <= longestTimerMs) return;
  throw invalidOption(
    `${name} must be a positive number of milliseconds up to ${longestTimerMs}, or Infinity, got ${describe(value)}`,
    value,
    'number',
  );
}

/** @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkBoolean(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new FidiusTypeError('FIDIUS_OPTION_INVALID', `${name} must be true or false, got ${describe(value)}`);
}

/**
 * Known by its shape, and for every option alike: the `AbortSignal` of a test environment, of another `vm` context or of a
 * polyfill is as good as that of Node.
 *
 * @param place the function that got it, as in `load()`.
 * @throws FidiusError `FIDIUS_OPTION_INVALID` unless it is undefined or a signal.
 */
export function checkSignal(value: unknown, place?: string): void {
  if (value === undefined || isAbortSignal(value)) return;
  const of = place === undefined ? '' : ` of ${place}`;
  throw new FidiusTypeError('FIDIUS_OPTION_INVALID', `signal${of} must be an AbortSignal, got ${describe(value)}`);
}

function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener } = value as Record<string, unknown>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}

/** The method of the same name, which signals of other makers can lack. @throws the reason of the signal if it is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw signal.reason ?? new DOMException('This operation was aborted', 'AbortError');
}

/** @throws FidiusError `FIDIUS_OPTION_INVALID` unless it is undefined or a whole number from `least` to `most`. */
export function checkCount(name: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw invalidOption(
    `${name} must be a whole number from ${least} to ${most}, got ${describe(value)}`,
    value,
    'number',
  );
}

/**
 * The error for an option with an invalid value.
 *
 * @param type the expected type: a value of this type is out of range, any other has the wrong type.
 */
export function invalidOption(message: string, value: unknown, type: 'number' | 'string'): FidiusError {
  const ErrorClass = typeof value === type ? FidiusRangeError : FidiusTypeError;
  return new ErrorClass('FIDIUS_OPTION_INVALID', message);
}
