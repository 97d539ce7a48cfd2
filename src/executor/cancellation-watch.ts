import type { FidiusError } from '../errors/fidius-error.ts';
import { clearTimeout, setTimeout } from '../node/timers.ts';

export type CancelReason = { readonly by: 'signal'; readonly reason: unknown } | { readonly by: 'deadline' };

/**
 * The callbacks of each signal. One listener per signal, however many calls share it: with one listener per call, Node would
 * warn of a leak, and removing one of thousands takes a search through all.
 */
const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>();

function onAbort(signal: AbortSignal, callback: () => void): void {
  let callbacks = callbacksOf.get(signal);
  if (callbacks === undefined) {
    callbacks = new Set();
    callbacksOf.set(signal, callbacks);
    const all = callbacks;
    signal.addEventListener('abort', () => all.forEach((each) => each()), { once: true });
  }
  callbacks.add(callback);
}

/** Watches the two reasons to cancel an operation: an aborted signal and a deadline. Must be ended in any case. */
export class CancellationWatch {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #aborted: () => void;

  /** `onCancel` is called at most once, and never by the constructor. */
  constructor(
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    onCancel: (reason: CancelReason) => void,
  ) {
    this.#aborted = () => {
      this.end();
      onCancel({ by: 'signal', reason: signal?.reason });
    };
    this.#signal = signal;
    if (signal !== undefined) onAbort(signal, this.#aborted);
    if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => {
      this.end();
      onCancel({ by: 'deadline' });
    }, timeoutMs).unref();
  }

  end(): void {
    if (this.#signal !== undefined) callbacksOf.get(this.#signal)?.delete(this.#aborted);
    clearTimeout(this.#timer);
  }
}

/** Waits for a promise, but not after the operation was cancelled. @param explain creates the error of the cancellation. */
export async function unlessCancelled<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  timeoutMs: number,
  explain: (reason: CancelReason) => FidiusError,
): Promise<T> {
  let watch: CancellationWatch | undefined;
  const cancelled = new Promise<never>((_, reject) => {
    watch = new CancellationWatch(signal, timeoutMs, (reason) => reject(explain(reason)));
  });
  try {
    return await Promise.race([promise, cancelled]);
  } finally {
    watch?.end();
  }
}
