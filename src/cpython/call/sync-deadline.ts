import { isMainThread } from 'node:worker_threads';
import { FidiusError } from '../../errors/fidius-error.ts';
import { openProcess, PinnedMemory } from '../../ffi/koffi.ts';
import { now } from '../../node/timers.ts';
import type { Interpreter } from '../interpreter.ts';

/** SIGEV_THREAD_ID of `struct sigevent` on Linux, and CLOCK_MONOTONIC. */
const [notifyThread, monotonicClock] = [4, 1];

/** How often the signal comes again once the time is over, in milliseconds: the code may be where it must not be stopped. */
const repeatMs = 10;

/**
 * Deadlines for calls that block this thread.
 *
 * No JavaScript can run while such a call does, and whoever needed the GIL would wait for the very code it means to stop.
 * So a timer of the kernel sends a signal to this thread, and a Python handler of that signal looks at the code that it
 * interrupted. It raises in code of the package, and out of a C function that this code waits in (`sleep`, sockets). Other
 * Python code goes on until it returns to the package, and code in C that does not look for signals until it returns.
 *
 * Only Python's main thread runs signal handlers, and only Linux has timers for one thread.
 */
export class SyncDeadline {
  /**
   * When the current call is over, in seconds of `time.monotonic`; how often that came true; whether Python still watches
   * the code of the call.
   */
  readonly #cells = new PinnedMemory(24);
  readonly #end: () => void;
  readonly #arm: (timeoutMs: number, intervalMs: number) => void;
  /** What to add to the clock of `node/timers.ts` to get the milliseconds of `time.monotonic`. */
  readonly #offsetMs: number;

  private constructor(interpreter: Interpreter) {
    const installed = interpreter.invoke('signal_deadline.install', this.#cells.address) as Installed;
    if (installed.refused !== undefined) throw unsupported(installed.refused);
    const before = now();
    const there = interpreter.invoke('signal_deadline.now') as number;
    this.#offsetMs = there * 1000 - (before + now()) / 2;
    this.#arm = createTimer(installed.signal);
    this.#end = () => interpreter.invoke('signal_deadline.end');
  }

  /** The one of this interpreter. @throws FidiusError `FIDIUS_CALL_SYNC_TIMEOUT` where there can be none. */
  static of(interpreter: Interpreter): SyncDeadline {
    let deadline = deadlines.get(interpreter);
    if (deadline === undefined) {
      if (process.platform !== 'linux') throw unsupported(`${process.platform} has no timers that signal one thread`);
      if (!isMainThread)
        throw unsupported('it is made on a worker thread, and only the main thread can be interrupted');
      deadline = new SyncDeadline(interpreter);
      deadlines.set(interpreter, deadline);
    }
    return deadline;
  }

  /**
   * Makes a call that is interrupted when its time is over.
   *
   * @param title how errors name the call.
   * @throws what `call` throws; FidiusError `FIDIUS_CALL_TIMEOUT` when it threw because it was interrupted.
   */
  run<T>(title: string, timeoutMs: number, call: () => T): T {
    const { doubles } = this.#cells;
    const outer = doubles[0] as number;
    const due = (now() + this.#offsetMs + timeoutMs) / 1000;
    // Inside another call the earlier deadline stays.
    if (outer !== 0 && outer <= due) return call();
    doubles[0] = due;
    doubles[1] = 0;
    this.#arm(timeoutMs, repeatMs);
    try {
      return call();
    } catch (error) {
      if (doubles[1] === 0) throw error;
      throw new FidiusError('FIDIUS_CALL_TIMEOUT', `${title} was stopped: its ${timeoutMs} ms are over`, {
        hint: 'Allow more time, or have the method do less.',
      });
    } finally {
      doubles[0] = outer;
      if (doubles[2] !== 0) this.#end();
      if (outer === 0) this.#arm(0, 0);
      else this.#arm(Math.max(outer * 1000 - this.#offsetMs - now(), 0.001), repeatMs);
    }
  }
}

const deadlines = new WeakMap<Interpreter, SyncDeadline>();

interface Installed {
  readonly signal: number;
  readonly refused?: string;
}

/** A timer that sends a signal to this thread, which is the main thread of the process. */
function createTimer(signal: number): (timeoutMs: number, intervalMs: number) => void {
  const libc = openProcess();
  const create = libc.function('timer_create', 'int', ['int', 'memory', 'memory']) as Create;
  const set = libc.function('timer_settime', 'int', ['address', 'int', 'address', 'address']) as Set;
  const event = new DataView(new ArrayBuffer(64));
  event.setInt32(8, signal, true); // sigev_signo
  event.setInt32(12, notifyThread, true); // sigev_notify
  event.setInt32(16, process.pid, true); // the thread's id, which for the main thread is that of the process
  const timer = new BigInt64Array(1);
  if (create(monotonicClock, event, timer) !== 0) throw unsupported('the system has no timer left');
  const id = Number(timer[0]);
  // Interval and first expiry, each as seconds and nanoseconds of 64 bits, of which the upper halves stay 0.
  const when = new PinnedMemory(32);
  return (timeoutMs, intervalMs) => {
    storeTime(when.words, 0, intervalMs);
    storeTime(when.words, 4, timeoutMs);
    set(id, 0, when.address, 0);
  };
}

function storeTime(words: Int32Array, at: number, ms: number): void {
  const seconds = Math.floor(ms / 1000);
  words[at] = seconds;
  words[at + 2] = Math.floor((ms - seconds * 1000) * 1e6);
}

function unsupported(reason: string): FidiusError {
  return new FidiusError('FIDIUS_CALL_SYNC_TIMEOUT', `A call on this thread cannot have a deadline: ${reason}`, {
    hint: 'Leave out `timeoutMs`, or make the call through `client` with the executor "thread".',
  });
}

type Create = (clock: number, event: DataView, timer: BigInt64Array) => number;
type Set = (timer: number, flags: number, when: number, old: number) => number;
