import type { Libc } from '../../ffi/libc.ts';
import { PosixTimer } from '../../ffi/posix-timer.ts';

/**
 * Ends the process with `exitCode` after `delayMs`, even if this thread is blocked.
 *
 * The end of a process takes the GIL once more, and a plugin may hold it in C code permanently. No JavaScript runs while
 * this thread waits, so a timer of the operating system calls `_exit`.
 *
 * @returns a function that disarms it. On Windows nothing is armed, on macOS it cannot be disarmed.
 */
export function armExitWatchdog(libc: Libc, exitCode: number, delayMs: number): () => void {
  if (process.platform === 'darwin') armDispatch(libc, exitCode, delayMs);
  if (process.platform !== 'linux') return () => {};
  const timer = PosixTimer.create(libc, { call: libc.address('_exit'), argument: exitCode });
  timer?.set(delayMs);
  return () => timer?.delete();
}

/** macOS has no POSIX timers, but dispatch queues. */
function armDispatch(libc: Libc, exitCode: number, delayMs: number): void {
  const time = libc.bind('dispatch_time')(0, Math.round(delayMs * 1e6));
  const queue = libc.bind('dispatch_get_global_queue')(0, 0);
  libc.bind('dispatch_after_f')(time, queue, exitCode, libc.address('_exit'));
}
