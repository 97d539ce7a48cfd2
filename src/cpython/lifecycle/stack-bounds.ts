import { type Library, nativeStackBytes } from '../../ffi/koffi.ts';

/** A stretch of stack: lowest address and size in bytes. */
export interface StackBounds {
  readonly base: number;
  readonly size: number;
}

/**
 * Where glibc's `ucontext_t` keeps the stack pointer, in 8-byte words: `uc_mcontext.gregs[REG_RSP]` on x86-64,
 * `uc_mcontext.sp` on arm64.
 */
const stackPointerWord: Partial<Record<NodeJS.Architecture, number>> = { x64: 20, arm64: 54 };

const pageBytes = 4096;

/**
 * The stack that koffi runs native code on, on this JavaScript thread.
 *
 * CPython 3.14 and later derive their overflow limits from the stack that the operating system gave the thread, but
 * koffi switches to one of its own. Python then believes to be beyond its limits: it never frees a container and does
 * not notice real overflow. The bounds are what `PyUnstable_ThreadState_SetStackProtection` needs to put that right.
 *
 * koffi does not publish them, but it enters C with the stack pointer at the very top of its stack, so asking the C
 * library through koffi where it stands tells the top, and the size is what we configured.
 *
 * @returns nothing where it cannot be found out: no `getcontext` (musl), another operating system, another processor.
 */
export function nativeStackBounds(process_: Library): StackBounds | undefined {
  const word = stackPointerWord[process.arch];
  if (process.platform !== 'linux' || word === undefined || !process_.has('getcontext')) return undefined;
  const context = new BigUint64Array(1024);
  (process_.function('getcontext', 'int', ['memory']) as (memory: BigUint64Array) => number)(context);
  const top = Math.ceil(Number(context[word] ?? 0n) / pageBytes) * pageBytes;
  return { base: top - nativeStackBytes, size: nativeStackBytes };
}
