import { clearInterval, now, setInterval } from '../../node/timers.ts';
import type { ChildRun } from './child-run.ts';
import { readUsage } from './child-usage.ts';
import type { RecycleOptions } from './process-options.ts';

/** How often the use of a process is looked at, in milliseconds. */
const watchMs = 500;
const never = Number.POSITIVE_INFINITY;

/** What becomes of a process because of its use. */
interface UseListener {
  /** It has had no calls for long enough. */
  idle(run: ChildRun): void;
  /** It has reached one of the other limits. Called again while it is not replaced. */
  exhausted(): void;
}

/** Compares calls, memory, age and idle time of a process with their limits. */
export class UseWatch {
  readonly #limits: { readonly [Name in keyof RecycleOptions]-?: number };
  readonly #listener: UseListener;
  #calls = 0;
  #usedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ calls, memoryBytes, ageMs, idleMs }: RecycleOptions, listener: UseListener) {
    this.#limits = {
      calls: calls ?? never,
      memoryBytes: memoryBytes ?? never,
      ageMs: ageMs ?? never,
      idleMs: idleMs ?? never,
    };
    this.#listener = listener;
  }

  /** A call is made. */
  called(): void {
    this.#calls += 1;
    if (this.#calls >= this.#limits.calls) this.#listener.exhausted();
  }

  /** Watches another process. */
  start(run: ChildRun): void {
    this.stop();
    this.#calls = 0;
    this.#usedAt = now();
    const { memoryBytes, ageMs, idleMs } = this.#limits;
    if (Math.min(memoryBytes, ageMs, idleMs) === never) return;
    let seen = 0;
    const look = () => {
      const pid = run.transport?.pid;
      if (pid === undefined) return;
      const { queued, running } = run.server.stats();
      if (this.#calls !== seen || queued + running > 0) this.#usedAt = now();
      seen = this.#calls;
      const memory = memoryBytes === never ? 0 : (readUsage(pid).memoryBytes ?? 0);
      if (now() - this.#usedAt > idleMs) this.#listener.idle(run);
      else if (memory > memoryBytes || now() - run.startedAt > ageMs) this.#listener.exhausted();
    };
    this.#timer = setInterval(look, Math.max(1, Math.min(watchMs, idleMs / 2))).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
