import type { Libc, LibcFunction } from './libc.ts';
import { PinnedMemory } from './pinned-memory.ts';

/** `SIGEV_THREAD` and `SIGEV_THREAD_ID` of `struct sigevent` on Linux, and `CLOCK_MONOTONIC`. */
const [notifyByFunction, notifyThread, monotonicClock] = [2, 4, 1];

type TimerId = number | bigint;

/** What happens when a timer expires. */
type TimerAction =
  /** A C function is called with an integer on a thread that the C library creates. */
  | { readonly call: number; readonly argument: number }
  /** A signal is sent to a thread of this process. */
  | { readonly signal: number; readonly thread: number };

/** A timer of the operating system, which runs also while the thread that set it is blocked. Linux only. */
export class PosixTimer {
  readonly #libc: Libc;
  readonly #setTime: LibcFunction<'timer_settime'>;
  readonly #id: TimerId;
  // Interval and first expiry, each as seconds and nanoseconds of 64 bits, of which the upper halves stay 0.
  readonly #time = new PinnedMemory(32);

  private constructor(libc: Libc, id: TimerId) {
    this.#libc = libc;
    this.#setTime = libc.bind('timer_settime');
    this.#id = id;
  }

  /** @returns `undefined` if this platform has no such timers, or the system has no timer left. */
  static create(libc: Libc, action: TimerAction): PosixTimer | undefined {
    if (process.platform !== 'linux' || !libc.has('timer_create')) return undefined;
    const event = new DataView(new ArrayBuffer(72));
    if ('call' in action) {
      event.setBigInt64(0, BigInt(action.argument), true); // sigev_value
      event.setInt32(12, notifyByFunction, true); // sigev_notify
      event.setBigInt64(16, BigInt(action.call), true); // sigev_notify_function
    } else {
      event.setInt32(8, action.signal, true); // sigev_signo
      event.setInt32(12, notifyThread, true); // sigev_notify
      event.setInt32(16, action.thread, true); // sigev_notify_thread_id
    }
    const timer = new BigInt64Array(1);
    if (libc.bind('timer_create')(monotonicClock, new Uint8Array(event.buffer), timer) !== 0) return undefined;
    const id = timer[0] as bigint;
    // A small number is cheaper to pass.
    return new PosixTimer(libc, Number.isSafeInteger(Number(id)) ? Number(id) : id);
  }

  /** Expires after `delayMs`, and then every `intervalMs`. A delay of 0 stops the timer, an interval of 0 is none. */
  set(delayMs: number, intervalMs = 0): void {
    storeTime(this.#time.words, 0, intervalMs);
    storeTime(this.#time.words, 4, delayMs);
    this.#setTime(this.#id, 0, this.#time.address, 0);
  }

  delete(): void {
    this.#libc.bind('timer_delete')(this.#id);
  }
}

function storeTime(words: Int32Array, at: number, ms: number): void {
  const seconds = Math.floor(ms / 1000);
  words[at] = seconds;
  words[at + 2] = Math.floor((ms - seconds * 1000) * 1e6);
}
