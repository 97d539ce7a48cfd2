import { type LoadPhase, LoadTimeoutError } from '../../errors/load-error.ts';
import { CancellationWatch } from '../../executor/cancellation-watch.ts';
import { loadAborted } from '../../executor/executor.ts';
import { emitSafely, now } from '../../node/timers.ts';

/** Milliseconds that a load may take unless a host or a load says otherwise. */
const defaultLoadMs = 60_000;

/** Progress of a load. */
export interface LoadProgress {
  /** What the load does now. A phase is reported when it begins, and again while it advances. */
  readonly phase: LoadPhase;
  /** Bytes of the archive that were read. Only in the phase `verification`, for an archive that is not in the store yet. */
  readonly done?: number | undefined;
  /** Size of the archive in bytes. */
  readonly total?: number | undefined;
}

/** Receives the progress of a load. */
export type LoadProgressListener = (progress: LoadProgress) => void;

/**
 * The time of one load and its signal, for all of its phases together. To be ended in any case.
 *
 * Work on this thread cannot be interrupted: it looks at {@link signal} now and then, and the clock is read after each phase.
 */
export class LoadBudget {
  /** Aborted when the signal of the caller is, and when the time is over. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly #plugin: string;
  readonly #given: AbortSignal | undefined;
  readonly #abort: () => void;
  #endAt: number;
  #patience: CancellationWatch;
  readonly #onProgress: LoadProgressListener | undefined;
  #phase: LoadPhase = 'discovery';
  #path: string | undefined;

  constructor(
    plugin: string,
    given: AbortSignal | undefined,
    timeoutMs = defaultLoadMs,
    onProgress?: LoadProgressListener,
  ) {
    const controller = new AbortController();
    this.signal = controller.signal;
    this.timeoutMs = timeoutMs;
    this.#plugin = plugin;
    this.#given = given;
    this.#abort = () => controller.abort();
    this.#onProgress = onProgress;
    this.#endAt = now() + timeoutMs;
    this.#patience = new CancellationWatch(given, timeoutMs, this.#abort);
    if (given?.aborted === true) controller.abort();
  }

  /** Milliseconds that are left. Never none: {@link check} finds that out. */
  get leftMs(): number {
    return Math.max(1, this.#endAt - now());
  }

  /** Notes what the load does from now on, and with which package. @throws as {@link check} does. */
  enter(phase: LoadPhase, path: string): void {
    this.check();
    this.#phase = phase;
    this.#path = path;
    this.report({ phase });
  }

  /** Reports the progress to the caller. An error of its listener does not affect the load. */
  report(progress: LoadProgress): void {
    if (this.#onProgress !== undefined) emitSafely(this.#onProgress, progress);
  }

  /** @throws LoadTimeoutError; FidiusError `FIDIUS_LOAD_ABORTED`. */
  check(): void {
    // A timer may fire a fraction of a millisecond before the time by the clock.
    if (!this.signal.aborted && this.#given?.aborted !== true && now() < this.#endAt) return;
    if (this.#given?.aborted === true) throw loadAborted({ plugin: this.#plugin }, this.#given.reason);
    const request = { plugin: this.#plugin, folder: this.#path };
    throw new LoadTimeoutError(request, this.timeoutMs, { phase: this.#phase });
  }

  /** Runs phases that obey {@link signal}. @throws as {@link check} does; what `body` throws. */
  async run<T>(body: () => Promise<T>): Promise<T> {
    this.check();
    try {
      const result = await body();
      this.check();
      return result;
    } catch (error) {
      // It ended because it was told to.
      if (this.signal.aborted) this.check();
      throw error;
    }
  }

  /**
   * Waits for other loads. The time does not count: a load is not responsible for those before it.
   *
   * @param turn settles when the signal of the caller is aborted, at the latest.
   * @throws as {@link check} does.
   */
  async wait(turn: Promise<unknown>): Promise<void> {
    this.check();
    const { leftMs } = this;
    this.#patience.end();
    await turn;
    this.#endAt = now() + leftMs;
    this.#patience = new CancellationWatch(this.#given, leftMs, this.#abort);
    this.check();
  }

  end(): void {
    this.#patience.end();
  }
}
