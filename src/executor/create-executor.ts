import type { Interpreter } from '../cpython/interpreter.ts';
import { FidiusRangeError } from '../errors/fidius-error.ts';
import { describe } from '../errors/options.ts';
import { type Executor, type ExecutorName, executorNames } from './executor.ts';
import type { ExecutorOptions } from './executor-options.ts';
import { InlineExecutor } from './inline/inline-executor.ts';
import { createThreadExecutor } from './thread/thread-executor.ts';

/**
 * The executor of a name.
 *
 * @throws FidiusError `FIDIUS_EXECUTOR_UNKNOWN`, `FIDIUS_EXECUTOR_UNSUPPORTED`, `FIDIUS_OPTION_INVALID`.
 */
export function createExecutor(name: ExecutorName, interpreter: Interpreter, options: ExecutorOptions = {}): Executor {
  checkExecutorName(name);
  switch (name) {
    case 'inline':
      return new InlineExecutor(interpreter, options);
    case 'thread':
      return createThreadExecutor(interpreter, options);
  }
}

/** @throws FidiusError `FIDIUS_EXECUTOR_UNKNOWN`. */
export function checkExecutorName(name: unknown): asserts name is ExecutorName {
  if (executorNames.some((known) => known === name)) return;
  throw new FidiusRangeError('FIDIUS_EXECUTOR_UNKNOWN', `There is no executor ${describe(name)}`, {
    hint: `Choose one of ${executorNames.map((known) => `"${known}"`).join(', ')}.`,
  });
}
