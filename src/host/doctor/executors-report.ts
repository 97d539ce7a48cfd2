import type { LocatedPython, LocateOptions } from '../../cpython/locate/locator.ts';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { type ChildPython, findChildPython } from '../../executor/process/child-python.ts';
import { concernsOnlyThisProcess } from '../child-instead.ts';
import type { InterpreterReport } from './interpreter-report.ts';
import type { Problem } from './problems.ts';

/** Whether an executor can run plugins, and why. */
export interface ExecutorAvailability {
  readonly available: boolean;
  /** What makes it available, or what prevents it. */
  readonly reason: string;
}

/** The executors on this machine. */
export interface ExecutorsReport {
  readonly inline: ExecutorAvailability;
  readonly thread: ExecutorAvailability;
  readonly process: ExecutorAvailability;
  /** What `auto` chooses; `null` if none of them is available. */
  readonly auto: { readonly chosen: 'thread' | 'process' | null; readonly reason: string };
}

interface ExecutorFacts {
  /** The Python for this process. */
  readonly python: LocatedPython | undefined;
  /** Why it was not found, or does not start. */
  readonly failure: Problem | undefined;
  readonly platform: string;
}

/**
 * Finds out which executors are available.
 *
 * @param ask starts an interpreter and returns its report; `undefined` if that fails.
 */
export async function reportExecutors(
  options: LocateOptions,
  { python, failure, platform }: ExecutorFacts,
  ask: (executable: string) => Promise<InterpreterReport | undefined>,
): Promise<ExecutorsReport> {
  const inline: ExecutorAvailability =
    python !== undefined && failure === undefined
      ? { available: true, reason: `${python.libpython} works` }
      : { available: false, reason: failure?.message ?? 'No Python was found' };
  const thread = platform === 'win32' ? { available: false, reason: 'It does not exist on Windows' } : inline;
  const child = await reportProcess(options, ask);
  return { inline, thread, process: child, auto: choose(thread, child, failure, options) };
}

async function reportProcess(
  options: LocateOptions,
  ask: (executable: string) => Promise<InterpreterReport | undefined>,
): Promise<ExecutorAvailability> {
  let python: ChildPython;
  try {
    python = findChildPython(undefined, options);
  } catch (error) {
    if (!isFidiusError(error)) throw error;
    return { available: false, reason: error.message.split('\n', 1)[0] as string };
  }
  const { executable } = python;
  const report = await ask(executable);
  return report === undefined
    ? { available: false, reason: `${executable} does not run` }
    : { available: true, reason: `${executable} is Python ${report.version}` };
}

/** The same choice as that of a host. */
function choose(
  thread: ExecutorAvailability,
  child: ExecutorAvailability,
  failure: Problem | undefined,
  { libpython }: LocateOptions,
): ExecutorsReport['auto'] {
  if (thread.available) return { chosen: 'thread', reason: 'Python works in this process' };
  const { code } = failure ?? {};
  if (failure !== undefined && (code === undefined || !concernsOnlyThisProcess(code))) {
    return { chosen: null, reason: failure.message };
  }
  if (libpython !== undefined) return { chosen: null, reason: 'The shared library that was named cannot be used' };
  return { chosen: child.available ? 'process' : null, reason: thread.reason };
}
