import { isMainThread } from 'node:worker_threads';
import { FidiusError } from '../../errors/fidius-error.ts';
import { Libc } from '../../ffi/libc.ts';
import { PinnedMemory } from '../../ffi/pinned-memory.ts';
import { PosixTimer } from '../../ffi/posix-timer.ts';
import { now } from '../../node/timers.ts';
import type { Interpreter } from '../interpreter.ts';

/** Interval of the signal after the deadline, in milliseconds: the code may be at a place where it must not be stopped. */
const repeatMs = 10;

/**
 * Deadlines for calls that block this thread.
 *
 * No JavaScript runs while such a call does, and a thread that needs the GIL would wait for the code that it should stop.
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
  readonly #timer: PosixTimer;
  /** What to add to the clock of `node/timers.ts` to get the milliseconds of `time.monotonic`. */
  readonly #offsetMs: number;

  private constructor(interpreter: Interpreter) {
    const installed = interpreter.invoke('signal_deadline.install', this.#cells.address) as Installed;
    if (installed.refused !== undefined) throw unsupported(installed.refused);
    const before = now();
    const there = interpreter.invoke('signal_deadline.now') as number;
    this.#offsetMs = there * 1000 - (before + now()) / 2;
    const timer = PosixTimer.create(new Libc(), { signal: installed.signal, thread: process.pid });
    if (timer === undefined) throw unsupported('the system has no timer left');
    this.#timer = timer;
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
   * @param limitMs the limit that errors name, if the call has used a part of it before.
   * @throws what `call` throws; FidiusError `FIDIUS_CALL_TIMEOUT` when it threw because it was interrupted.
   */
  run<T>(title: string, timeoutMs: number, call: () => T, limitMs: number = timeoutMs): T {
    const { doubles } = this.#cells;
    const outer = doubles[0] as number;
    const due = (now() + this.#offsetMs + timeoutMs) / 1000;
    // Inside another call the earlier deadline stays.
    if (outer !== 0 && outer <= due) return call();
    doubles[0] = due;
    doubles[1] = 0;
    this.#timer.set(timeoutMs, repeatMs);
    try {
      return call();
    } catch (error) {
      if (doubles[1] === 0) throw error;
      throw new FidiusError('FIDIUS_CALL_TIMEOUT', `${title} timed out after ${limitMs} ms`, {
        hint: 'Allow more time, or have the method do less.',
      });
    } finally {
      doubles[0] = outer;
      if (doubles[2] !== 0) this.#end();
      if (outer === 0) this.#timer.set(0, 0);
      else this.#timer.set(Math.max(outer * 1000 - this.#offsetMs - now(), 0.001), repeatMs);
    }
  }
}

const deadlines = new WeakMap<Interpreter, SyncDeadline>();

interface Installed {
  readonly signal: number;
  readonly refused?: string;
}

function unsupported(reason: string): FidiusError {
  return new FidiusError('FIDIUS_CALL_SYNC_TIMEOUT', `A call on this thread cannot have a deadline: ${reason}`, {
    hint: 'Leave out `timeoutMs`, or make the call through `client` with the executor "thread".',
  });
}
