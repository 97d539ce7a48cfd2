import { FidiusError } from './fidius-error.ts';
import { describe } from './options.ts';

/** The longest delay that a timer of Node takes; it silently makes 1 ms of anything beyond. */
export const longestTimerMs = 2 ** 31 - 1;

/** @throws FidiusError `FIDIUS_OPTION_INVALID` unless it is undefined, Infinity, or positive and no more than a timer takes. */
export function checkTimeout(name: string, value: unknown): void {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return;
  if (typeof value === 'number' && value > 0 && value <= longestTimerMs) return;
  throw new FidiusError(
    'FIDIUS_OPTION_INVALID',
    `${name} must be a positive number of milliseconds up to ${longestTimerMs}, or Infinity, got ${describe(value)}`,
  );
}

/** @throws FidiusError `FIDIUS_OPTION_INVALID` unless it is undefined or a signal. */
export function checkSignal(value: unknown): void {
  if (value === undefined || value instanceof AbortSignal) return;
  throw new FidiusError('FIDIUS_OPTION_INVALID', `signal must be an AbortSignal, got ${describe(value)}`);
}

/** @throws FidiusError `FIDIUS_OPTION_INVALID` unless it is undefined or a whole number from `least` to `most`. */
export function checkCount(name: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw new FidiusError(
    'FIDIUS_OPTION_INVALID',
    `${name} must be a whole number from ${least} to ${most}, got ${describe(value)}`,
  );
}
