import { throwIfAborted } from '../../errors/options.ts';
import { now, setImmediate } from '../../node/timers.ts';

// Short enough not to delay timers and sockets, long enough to keep the cost of the pauses small.
const sliceMs = 4;

/**
 * Lets long synchronous work yield to the event loop.
 *
 * Reading many small files with promises takes several times longer than with synchronous calls, but synchronous calls
 * block the event loop. The work is therefore synchronous, and yields when its time slice ends.
 */
export class CooperativeYield {
  readonly #signal: AbortSignal | undefined;
  #end = now() + sliceMs;

  /** @param signal aborts the work at the next pause, with the reason of the signal. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    throwIfAborted(signal);
  }

  get isDue(): boolean {
    return now() > this.#end;
  }

  async pause(): Promise<void> {
    await new Promise<void>((resolve) => void setImmediate(resolve));
    throwIfAborted(this.#signal);
    this.#end = now() + sliceMs;
  }
}
