import { closeSync, openSync } from 'node:fs';
import type { Libc } from '../../ffi/libc.ts';

/** `LOCK_EX` of `flock()`. */
const exclusive = 2;

/**
 * Runs a start while no other JavaScript thread of this process runs one: CPython does not defend itself against two
 * threads that initialize it at once, and crashes.
 *
 * Threads of JavaScript share no memory unless they are made to, so the lock is the kernel's, on a file of `/proc` that is
 * different for each process. It goes with the descriptor, which Node closes when a worker thread is terminated. On Linux only.
 */
export function withStartLock<T>(libc: Libc, start: () => T): T {
  if (process.platform !== 'linux') return start();
  const file = openSync('/proc/self/stat', 'r');
  try {
    libc.bind('flock')(file, exclusive);
    return start();
  } finally {
    closeSync(file);
  }
}
