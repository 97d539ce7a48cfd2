import { performance } from 'node:perf_hooks';
import * as timers from 'node:timers';
import { mainRealm } from './main-realm.ts';

/**
 * Timers, microtasks and clocks as Node has them, whatever stands in their place in the global object.
 *
 * Test runners replace the globals by ones that stand still until the test moves them on: a call would never be sent, and
 * closing would never end. They do so when they like, also before this module is loaded; so nothing is taken from the
 * global object, and what is taken is kept. The rest of `src/` uses these alone, which `test/architecture.test.ts` sees to.
 */
export const { clearTimeout, setInterval, clearInterval, setImmediate } = timers;
const { setTimeout: setTimer } = timers;

/** The longest delay that a timer of Node takes; it makes 1 ms of anything beyond. */
const longestTimerMs = 2 ** 31 - 1;

/** Calls a function after a delay in milliseconds. `Infinity` is the longest delay that Node has, 24.8 days. */
export function setTimeout(callback: () => void, delayMs = 0): NodeJS.Timeout {
  return setTimer(callback, Math.min(delayMs, longestTimerMs));
}

/** Settles after the event loop has served timers and sockets once. Between two long pieces of work, they wait for one only. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Milliseconds since the process started, from a clock that never goes back. */
export const now: () => number = performance.now.bind(performance);

/** Milliseconds since 1970, comparable with the times of files. The global `Date` may be a replacement, so Node is asked. */
export function wallClock(): number {
  return new (process.getBuiltinModule('node:buffer').File)([], '').lastModified;
}

/** Native even where the global `Promise` was replaced. */
const settled = (async () => {})();

/** Runs a function that never throws when the code that is running now has come to its end, before anything else. */
export function runSoon(callback: () => void): void {
  // oxlint-disable-next-line promise/no-callback-in-promise -- the promise is how a microtask is queued
  void settled.then(callback);
}

// jest replaces it in its copy of `process` alone, other tools only when told to, and then Node's streams stand still, too.
const nextTick: (callback: () => void) => void = mainRealm.process.nextTick.bind(mainRealm.process);

/** Throws an error that no caller can catch: it becomes an uncaught exception of the process. */
function throwUncaught(error: unknown): void {
  nextTick(() => {
    throw error;
  });
}

/** Calls a listener of the user. An error that it throws becomes an uncaught exception and does not affect the caller. */
export function emitSafely<E>(listener: (event: E) => void, event: E): void {
  try {
    listener(event);
  } catch (error) {
    throwUncaught(error);
  }
}
