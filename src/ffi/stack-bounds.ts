import type { Libc } from './libc.ts';
import { ffi } from './native.ts';

/** A range of stack: lowest address and size in bytes. */
export interface StackBounds {
  readonly base: number;
  readonly size: number;
}

/**
 * Position of the stack pointer in glibc's `ucontext_t`, in words of 8 bytes: `uc_mcontext.gregs[REG_RSP]` on x86-64,
 * `uc_mcontext.sp` on arm64.
 */
const stackPointerWord: Partial<Record<NodeJS.Architecture, number>> = { x64: 20, arm64: 54 };

const pageBytes = 4096;

/**
 * The stack that native code runs on, on this JavaScript thread.
 *
 * CPython 3.14 and later derive their overflow limits from the stack that the operating system gave the thread, but
 * koffi switches to another one. Python then assumes that the limits are exceeded: it never frees a container and does
 * not detect real overflow. `PyUnstable_ThreadState_SetStackProtection` corrects this and needs the bounds.
 *
 * koffi does not publish them, but it enters C with the stack pointer at the very top of its stack. So the stack pointer
 * that the C library reports through koffi is the top, and the size is the configured one.
 *
 * @returns `undefined` if they are unknown: no `getcontext` (musl), another operating system, another processor.
 */
export function nativeStackBounds(libc: Libc): StackBounds | undefined {
  const word = stackPointerWord[process.arch];
  if (process.platform !== 'linux' || word === undefined || !libc.has('getcontext')) return undefined;
  const context = new BigUint64Array(1024);
  libc.bind('getcontext')(context);
  const top = Math.ceil(Number(context[word] ?? 0n) / pageBytes) * pageBytes;
  return { base: top - ffi.stackBytes, size: ffi.stackBytes };
}
