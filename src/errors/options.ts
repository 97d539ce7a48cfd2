import { closest } from './closest.ts';
import { FidiusRangeError, FidiusTypeError } from './fidius-error.ts';

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
