import { availableParallelism } from 'node:os';
import { now as clock, setImmediate } from '../../node/timers.ts';

/** An answer that came within that many milliseconds is worth staying awake for the next time. */
const briefMs = 0.2;

/** How many turns of the event loop to stay awake: turns and not time, so that a slower machine is given longer. */
const maxTurns = 30;

/** For how many waits not to stay awake at most, after it was in vain. */
const maxPause = 255;

/**
 * Keeps the event loop turning for a moment while an answer is expected soon.
 *
 * To be put to sleep and woken takes longer than a short call does: see docs/decisions/awake-between-calls.md. Nothing is
 * blocked by it: in each turn everything else is served as ever. With a single processor it always sleeps: nobody could
 * answer meanwhile.
 */
export class EventLoopSpinner {
  /** When the wait began; `undefined` while there is none. */
  #since: number | undefined;
  /** Whether the last wait was brief. */
  #brief = false;
  #looking = false;
  #turns = 0;
  /** Waits to sleep through before the next look, and how many they were the last time. */
  #pause = 0;
  #lastPause = 0;
  readonly #look = () => this.#lookAgain();
  readonly #alone: boolean;
  readonly #now: () => number;

  /**
   * @param processors how many there are to run on.
   * @param now a clock in milliseconds.
   */
  constructor(processors = availableParallelism(), now = clock) {
    this.#alone = processors === 1;
    this.#now = now;
  }

  /** Something was sent that will be answered. */
  expect(): void {
    if (this.#alone || this.#since !== undefined) return;
    this.#since = this.#now();
    this.#turns = 0;
    if (!this.#brief || this.#looking) return;
    if (this.#pause > 0) {
      this.#pause -= 1;
      return;
    }
    this.#looking = true;
    setImmediate(this.#look);
  }

  /** Something has come. */
  met(): void {
    if (this.#since === undefined) return;
    this.#brief = this.#now() - this.#since < briefMs;
    this.#since = undefined;
    if (this.#looking) this.#lastPause = 0;
  }

  #lookAgain(): void {
    if (this.#since === undefined) {
      this.#looking = false;
    } else if (this.#turns < maxTurns) {
      this.#turns += 1;
      setImmediate(this.#look);
    } else {
      this.#looking = false;
      this.#lastPause = Math.min(2 * this.#lastPause + 1, maxPause);
      this.#pause = this.#lastPause;
    }
  }
}
