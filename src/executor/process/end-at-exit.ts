import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { now } from '../../node/timers.ts';
import { isZombie } from './child-usage.ts';
import { onExit } from './host-access.ts';

/** A process that ends with this JavaScript thread. */
export interface EndingChild {
  readonly pid: number;
  /** Whether Node has reaped it. */
  isReaped(): boolean;
  /** Asks it to end, without the event loop. */
  shutDown(): void;
  /** Interrupts its calls. */
  terminate(): void;
  /** Reads what it has written, without the event loop. */
  drain(): void;
  /** Delivers what remains of its output. */
  finish(): void;
}

/** How long the exit of the host waits for exit functions of plugins, in milliseconds. */
const exitMs = 1_000;
/** After which part of this time calls that still run are interrupted. */
const terminateMs = 300;
const stepMs = 2;

let children: Set<EndingChild> | undefined;

/**
 * Lets a process end in order when the host exits without closing it: exit functions run, and buffers are written. The system
 * kills it after that. Where the end of a process cannot be seen without the event loop, this does not wait.
 *
 * @returns a function to call when the process has ended.
 */
export function endAtExit(child: EndingChild): () => void {
  if (children === undefined) {
    children = new Set();
    onExit(endAll);
  }
  const all = children;
  all.add(child);
  return () => all.delete(child);
}

function endAll(): void {
  const running = [...(children ?? [])].filter((child) => !child.isReaped());
  for (const child of running) child.shutDown();
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const start = now();
  let isTerminated = false;
  while (running.some(isStillRunning) && now() - start < exitMs) {
    if (!isTerminated && now() - start >= terminateMs) {
      isTerminated = true;
      for (const child of running) child.terminate();
    }
    for (const child of running) child.drain();
    Atomics.wait(sleeper, 0, 0, stepMs);
  }
  for (const child of running) {
    child.drain();
    child.finish();
  }
}

function isStillRunning({ pid }: EndingChild): boolean {
  return isZombie(pid) === false;
}

/**
 * Reads the available bytes of a socket that is not closed. The descriptor does not block.
 *
 * @param most stop after about this number of bytes: another process may write without end.
 */
export function drainSocket(
  socket: Socket | null,
  take: (chunk: Buffer) => void,
  most = Number.POSITIVE_INFINITY,
): void {
  // Not documented, and the same in all versions so far.
  const fd = (socket as { readonly _handle?: { readonly fd?: number } | null } | null)?._handle?.fd;
  if (fd === undefined || fd < 0) return;
  try {
    for (let left = most; left > 0; ) {
      const chunk = Buffer.allocUnsafe(65_536);
      const count = readSync(fd, chunk);
      if (count === 0) return;
      take(chunk.subarray(0, count));
      left -= count;
    }
  } catch {
    // EAGAIN: no bytes are left. After any other error no more can be read either.
  }
}
