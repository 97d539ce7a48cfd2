import { FidiusError } from '../errors/fidius-error.ts';
import { describe } from '../errors/options.ts';

/** The longest delay that a timer of Node takes; it silently makes 1 ms of anything beyond. */
const longestMs = 2 ** 31 - 1;

export type GivenUp = { readonly by: 'signal'; readonly reason: unknown } | { readonly by: 'deadline' };

/** Watches the two reasons to give something up: an aborted signal and a deadline. To be ended in any case. */
export class Patience {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #onAbort: () => void;

  /** `giveUp` is called at most once, never from within the constructor. */
  constructor(signal: AbortSignal | undefined, timeoutMs: number | undefined, giveUp: (why: GivenUp) => void) {
    this.#onAbort = () => {
      this.end();
      giveUp({ by: 'signal', reason: signal?.reason });
    };
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort);
    if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => {
      this.end();
      giveUp({ by: 'deadline' });
    }, timeoutMs).unref();
  }

  end(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#timer);
  }
}

/** @throws FidiusError `FIDIUS_OPTION_INVALID` unless it is undefined, Infinity, or positive and no more than a timer takes. */
export function checkTimeout(name: string, value: unknown): void {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return;
  if (typeof value === 'number' && value > 0 && value <= longestMs) return;
  throw new FidiusError(
    'FIDIUS_OPTION_INVALID',
    `${name} must be a positive number of milliseconds up to ${longestMs}, or Infinity, got ${describe(value)}`,
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
