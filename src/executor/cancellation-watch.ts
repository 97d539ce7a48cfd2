import { clearTimeout, setTimeout } from '../node/timers.ts';

export type CancelReason = { readonly by: 'signal'; readonly reason: unknown } | { readonly by: 'deadline' };

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
export class CancellationWatch {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #aborted: () => void;

  /** `giveUp` is called at most once, never from within the constructor. */
  constructor(signal: AbortSignal | undefined, timeoutMs: number | undefined, giveUp: (why: CancelReason) => void) {
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
