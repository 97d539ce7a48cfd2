import type { BusyListener } from '../cpython/call/python-plugin-handle.ts';
import { clearTimeout, setTimeout } from '../node/timers.ts';

/** Length of a period in milliseconds: the state of the process is compared at its end. */
const periodMs = 100;

/**
 * Records which plugins are called on this thread, in periods: comparing the state of the process after each call would take
 * longer than most calls.
 *
 * Does not keep the event loop alive.
 */
export class SyncActivity {
  readonly #begin: (plugin: string) => void;
  readonly #end: (plugins: readonly string[]) => void;
  readonly #active = new Map<string, (() => void)[]>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param begin is called before the first call of a plugin in a period.
   * @param end is called with the names of those plugins when the period is over.
   */
  constructor(begin: (plugin: string) => void, end: (plugins: readonly string[]) => void) {
    this.#begin = begin;
    this.#end = end;
  }

  /** For the handle of a plugin. */
  of(plugin: string): BusyListener {
    return (rest) => {
      const rests = this.#active.get(plugin);
      if (rests === undefined) {
        this.#active.set(plugin, [rest]);
        this.#begin(plugin);
      } else {
        rests.push(rest);
      }
      this.#timer ??= setTimeout(() => this.endPeriod(), periodMs).unref();
    };
  }

  /** Ends the period now. */
  endPeriod(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#active.size === 0) return;
    const plugins = [...this.#active.keys()];
    for (const rests of this.#active.values()) for (const rest of rests) rest();
    this.#active.clear();
    this.#end(plugins);
  }
}
