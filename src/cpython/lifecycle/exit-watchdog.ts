import type { Library } from '../../ffi/koffi.ts';

/** SIGEV_THREAD of `struct sigevent` on Linux, and CLOCK_MONOTONIC. */
const [notifyByThread, monotonicClock] = [2, 1];

/**
 * Ends the process with `exitCode` after `delayMs`, whatever this thread is doing by then.
 *
 * The end of a process has to take the GIL once more, and a plugin may hold it in C code for ever. No JavaScript can run
 * while this thread waits, so the clock must be the operating system's: a timer whose callback is `_exit` itself.
 *
 * @returns a function that calls it off. On Windows nothing is armed, on macOS nothing can be called off.
 */
export function armDeadman(libc: Library, exitCode: number, delayMs: number): () => void {
  if (process.platform === 'linux' && libc.has('timer_create')) return armTimer(libc, exitCode, delayMs);
  if (process.platform === 'darwin') armDispatch(libc, exitCode, delayMs);
  return () => {};
}

/** `timer_create` with a notification thread that calls `_exit(sigval)`. */
function armTimer(libc: Library, exitCode: number, delayMs: number): () => void {
  const create = libc.function('timer_create', 'int', ['int', 'memory', 'memory']) as Create;
  const set = libc.function('timer_settime', 'int', ['int64', 'int', 'memory', 'address']) as Set;
  const event = new DataView(new ArrayBuffer(64));
  event.setBigInt64(0, BigInt(exitCode), true); // sigev_value, the only argument of the function
  event.setInt32(12, notifyByThread, true); // sigev_notify
  event.setBigInt64(16, BigInt(libc.address('_exit')), true); // sigev_notify_function
  const timer = new BigInt64Array(1);
  if (create(monotonicClock, event, timer) !== 0) return () => {};
  const seconds = Math.floor(delayMs / 1000);
  const when = new BigInt64Array([0n, 0n, BigInt(seconds), BigInt(Math.round((delayMs - seconds * 1000) * 1e6))]);
  // glibc's timer_t is a tagged pointer that uses all 64 bits: it must stay a bigint.
  const id = timer[0] as bigint;
  set(id, 0, when, 0);
  return () => (libc.function('timer_delete', 'int', ['int64']) as (timer: bigint) => number)(id);
}

/** The same with macOS's dispatch queues, which have no POSIX timers beside them. */
function armDispatch(libc: Library, exitCode: number, delayMs: number): void {
  const time = libc.function('dispatch_time', 'int64', ['int64', 'int64']) as (from: number, ns: number) => number;
  const queue = libc.function('dispatch_get_global_queue', 'address', ['int64', 'int64']) as Queue;
  const after = libc.function('dispatch_after_f', 'void', ['int64', 'address', 'address', 'address']) as After;
  after(time(0, Math.round(delayMs * 1e6)), queue(0, 0), exitCode, libc.address('_exit'));
}

type Create = (clock: number, event: DataView, timer: BigInt64Array) => number;
type Set = (timer: bigint, flags: number, when: BigInt64Array, old: number) => number;
type Queue = (priority: number, flags: number) => number;
type After = (when: number, queue: number, context: number, work: number) => void;
