import { throwIfAborted } from '../../errors/option-values.ts';
import { now, setImmediate } from '../../node/timers.ts';

// Short enough for timers and sockets not to notice, long enough for the pauses not to count.
const sliceMs = 4;

/**
 * Lets long work on this thread give way to the event loop.
 *
 * Reading many small files by promises costs several times the reading itself; reading them by direct calls would stop
 * everything else in the process. So the work is done directly, and rests whenever its time is over.
 */
export class CooperativeYield {
  readonly #signal: AbortSignal | undefined;
  #end = now() + sliceMs;

  /** @param signal ends the work at the next rest, with the signal's reason. */
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
