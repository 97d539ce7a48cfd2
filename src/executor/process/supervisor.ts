import type { RestartPolicy } from './process-options.ts';

/**
 * State of a process.
 *
 * - `starting`: the interpreter starts, or the plugins are being loaded into it.
 * - `ready`: it accepts calls.
 * - `idle`: it was ended because it had no calls. The next call starts it again.
 * - `draining`: it is closing. Accepted calls run to their end.
 * - `dead`: it has ended. Unless it was closed, it will be started again.
 * - `failed`: it crashed too often, or its plugins cannot be loaded again. It is not started again.
 */
export type ProcessState = 'starting' | 'ready' | 'idle' | 'draining' | 'dead' | 'failed';

/** Follows the states of one process over its restarts, and decides when it is started again. Starts nothing itself. */
export class Supervisor {
  state: ProcessState = 'starting';
  /** Whether it has ended by itself, and is not ready again. */
  isRecovering = false;
  /** Number of restarts so far. */
  restarts = 0;
  /** Number of crashes so far. */
  crashes = 0;
  /** Number of times that a working process was replaced. */
  recycles = 0;
  readonly #policy: RestartPolicy;
  readonly #now: () => number;
  readonly #random: () => number;
  /** Times of the crashes that count. */
  #recent: number[] = [];

  /**
   * @param now a clock in milliseconds.
   * @param random a number from 0 to 1: the jitter of delays.
   */
  constructor(policy: RestartPolicy, now: () => number, random: () => number = Math.random) {
    this.#policy = policy;
    this.#now = now;
    this.#random = random;
  }

  /** The process accepts calls. */
  ready(): void {
    this.state = 'ready';
    this.isRecovering = false;
  }

  /** The process is being closed. */
  draining(): void {
    if (this.state !== 'failed') this.state = 'draining';
  }

  /** The process was closed, and has ended. */
  closed(): void {
    this.state = 'dead';
  }

  /** The process is being started again. */
  restarting(): void {
    this.state = 'starting';
    this.restarts += 1;
  }

  /** The process was ended because it had no calls. */
  idle(): void {
    this.state = 'idle';
  }

  /** A call starts the process again that was ended because it had none. This is not counted as a restart. */
  waking(): void {
    this.state = 'starting';
  }

  /** The process is started again for a reason of its user: earlier crashes no longer count. */
  reset(): void {
    this.#recent = [];
    this.restarting();
  }

  /** A new process has taken the place of one that worked. */
  recycled(): void {
    this.recycles += 1;
  }

  /**
   * The process has ended by itself.
   *
   * @returns milliseconds until it is to be started again; `undefined`: never.
   */
  crashed(): number | undefined {
    const { maxCrashes, withinMs, delayMs, maxDelayMs, healthyAfterMs } = this.#policy;
    const now = this.#now();
    const last = this.#recent.at(-1);
    if (last !== undefined && now - last >= healthyAfterMs) this.#recent = [];
    this.#recent = this.#recent.filter((time) => now - time < withinMs);
    this.#recent.push(now);
    this.crashes += 1;
    if (this.#recent.length >= maxCrashes) {
      this.state = 'failed';
      return undefined;
    }
    this.state = 'dead';
    this.isRecovering = true;
    const delay = Math.min(delayMs * 2 ** (this.#recent.length - 1), maxDelayMs);
    // Processes that crashed together must not all start at the same time.
    return delay * (0.75 + 0.25 * this.#random());
  }

  /** The host has terminated the process because of a call that did not stop. This is not counted as a crash. */
  terminated(): number {
    this.state = 'dead';
    this.isRecovering = true;
    return 0;
  }
}
