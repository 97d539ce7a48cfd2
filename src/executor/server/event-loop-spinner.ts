import os from 'node:os';
import { now as clock, setImmediate } from '../../node/timers.ts';

/** If an answer takes less than this, in milliseconds, the next wait spins. */
const briefMs = 0.2;

/** Number of turns of the event loop without sleeping: turns and not time, so that a slower machine gets more time. */
const maxTurns = 30;

/** Maximum number of waits without spinning after a spin that saw no answer. */
const maxPause = 255;

/**
 * Keeps the event loop turning for a moment while an answer is expected soon.
 *
 * To sleep and wake up takes longer than a short call: see docs/decisions/awake-between-calls.md. This blocks nothing,
 * because each turn handles all other events as usual. With a single processor the loop always sleeps: no thread could
 * answer meanwhile.
 */
export class EventLoopSpinner {
  /** Start of the wait; `undefined` while no answer is expected. */
  #since: number | undefined;
  /** Whether the last wait was brief. */
  #brief = false;
  #spinning = false;
  #turns = 0;
  /** Number of waits without spinning before the next spin, and that number after the last spin. */
  #pause = 0;
  #lastPause = 0;
  readonly #nextTurn = () => this.#onTurn();
  readonly #isSingleProcessor: boolean;
  readonly #now: () => number;

  /**
   * @param processors number of processors that this process can use.
   * @param now a clock in milliseconds.
   */
  constructor(processors = os.availableParallelism(), now = clock) {
    this.#isSingleProcessor = processors === 1;
    this.#now = now;
  }

  /** A call was sent that will be answered. */
  answerExpected(): void {
    if (this.#isSingleProcessor || this.#since !== undefined) return;
    this.#since = this.#now();
    this.#turns = 0;
    if (!this.#brief || this.#spinning) return;
    if (this.#pause > 0) {
      this.#pause -= 1;
      return;
    }
    this.#spinning = true;
    setImmediate(this.#nextTurn);
  }

  /** Bytes have arrived. */
  answerReceived(): void {
    if (this.#since === undefined) return;
    this.#brief = this.#now() - this.#since < briefMs;
    this.#since = undefined;
    if (this.#spinning) this.#lastPause = 0;
  }

  #onTurn(): void {
    if (this.#since === undefined) {
      this.#spinning = false;
    } else if (this.#turns < maxTurns) {
      this.#turns += 1;
      setImmediate(this.#nextTurn);
    } else {
      this.#spinning = false;
      this.#lastPause = Math.min(2 * this.#lastPause + 1, maxPause);
      this.#pause = this.#lastPause;
    }
  }
}
