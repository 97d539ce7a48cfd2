import { clearTimeout, now, setTimeout } from '../../node/timers.ts';
import type { CallStopper, StopStep } from '../server/transport.ts';

/** A call that was asked to stop and has not ended. */
interface Overdue {
  readonly title: string;
  readonly since: number;
}

/** Milliseconds between the steps. */
export interface LadderDelays {
  readonly terminateAfterMs: number;
  readonly killAfterMs: number;
}

/**
 * Ends a process in which a call does not stop: first with `SIGTERM`, then with `SIGKILL`. The exception that precedes them is
 * raised by the server.
 */
export class KillLadder implements CallStopper {
  /** The last signal that was sent. */
  step: StopStep | undefined;
  /** The call because of which it was sent, and for how many milliseconds it had been running after it was asked to stop. */
  reason: { readonly title: string; readonly overdueMs: number } | undefined;
  readonly #terminate: (signal: StopStep) => void;
  readonly #delays: LadderDelays;
  readonly #overdue = new Set<Overdue>();
  #timer: NodeJS.Timeout | undefined;

  constructor(terminate: (signal: StopStep) => void, delays: LadderDelays) {
    this.#terminate = terminate;
    this.#delays = delays;
  }

  begin(title: string): () => void {
    const overdue = { title, since: now() };
    this.#overdue.add(overdue);
    if (this.#timer === undefined && this.step === undefined) this.#schedule();
    return () => {
      this.#overdue.delete(overdue);
      if (this.#overdue.size > 0 || this.step !== undefined) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  /** The process has ended. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    const [oldest] = this.#overdue;
    if (oldest === undefined) return;
    const delay = oldest.since + this.#delays.terminateAfterMs - now();
    this.#timer = later(() => this.#check(), delay);
  }

  #check(): void {
    this.#timer = undefined;
    const [oldest] = this.#overdue;
    if (oldest === undefined) return;
    const overdueMs = now() - oldest.since;
    // The oldest one may have ended since, and timers can be early by a fraction of a millisecond.
    if (overdueMs + 1 < this.#delays.terminateAfterMs) {
      this.#schedule();
      return;
    }
    this.reason = { title: oldest.title, overdueMs: Math.round(overdueMs) };
    this.#send('SIGTERM');
    this.#timer = later(() => this.#send('SIGKILL'), this.#delays.killAfterMs);
  }

  #send(step: StopStep): void {
    this.step = step;
    this.#terminate(step);
  }
}

/** The timer does not keep the event loop alive: a call that is waited for does. `Infinity` is never. */
function later(callback: () => void, ms: number): NodeJS.Timeout | undefined {
  return ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(callback, Math.max(0, ms)).unref();
}
