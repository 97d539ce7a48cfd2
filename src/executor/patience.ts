import { FidiusError } from '../errors/fidius-error.ts';
import { describe } from '../errors/options.ts';

/** The longest delay that a timer of Node takes; it silently makes 1 ms of anything beyond. */
const longestMs = 2 ** 31 - 1;

export type GivenUp = { readonly by: 'signal'; readonly reason: unknown } | { readonly by: 'deadline' };

/**
 * Who waits for a signal. One listener per signal, however many calls share it: each call adding its own would make Node
 * warn of a leak, and removing one of thousands again takes a search through all.
 */
const waitingFor = new WeakMap<AbortSignal, Set<() => void>>();

function onAbort(signal: AbortSignal, callback: () => void): void {
  let callbacks = waitingFor.get(signal);
  if (callbacks === undefined) {
    callbacks = new Set();
    waitingFor.set(signal, callbacks);
    const all = callbacks;
    signal.addEventListener('abort', () => all.forEach((each) => each()), { once: true });
  }
  callbacks.add(callback);
}

/** Watches the two reasons to give something up: an aborted signal and a deadline. To be ended in any case. */
export class Patience {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #aborted: () => void;

  /** `giveUp` is called at most once, never from within the constructor. */
  constructor(signal: AbortSignal | undefined, timeoutMs: number | undefined, giveUp: (why: GivenUp) => void) {
    this.#aborted = () => {
      this.end();
      giveUp({ by: 'signal', reason: signal?.reason });
    };
    this.#signal = signal;
    if (signal !== undefined) onAbort(signal, this.#aborted);
    if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => {
      this.end();
      giveUp({ by: 'deadline' });
    }, timeoutMs).unref();
  }

  end(): void {
    if (this.#signal !== undefined) waitingFor.get(this.#signal)?.delete(this.#aborted);
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
