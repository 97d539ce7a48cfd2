import type { Interpreter } from '../cpython/interpreter.ts';
import { checkExecutorName, type Executor, type ExecutorName } from './executor.ts';
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
