import type { Interpreter } from '../cpython/interpreter.ts';
import { checkExecutorName, type Executor, type ExecutorName } from './executor.ts';
import type { ExecutorOptions } from './executor-options.ts';
import { InlineExecutor } from './inline/inline-executor.ts';
import { ProcessExecutor } from './process/process-executor.ts';
import { createThreadExecutor } from './thread/thread-executor.ts';

/**
 * The executor of a name.
 *
 * @param interpreter CPython in this process; `process` does not use it.
 *
 * @throws FidiusError `FIDIUS_EXECUTOR_UNKNOWN`, `FIDIUS_EXECUTOR_UNSUPPORTED`, `FIDIUS_OPTION_INVALID`.
 */
export function createExecutor(
  name: Exclude<ExecutorName, 'process'>,
  interpreter: Interpreter,
  options?: ExecutorOptions,
): Executor;
export function createExecutor(
  name: ExecutorName,
  interpreter: Interpreter | undefined,
  options?: ExecutorOptions,
): Executor;
export function createExecutor(
  name: ExecutorName,
  interpreter: Interpreter | undefined,
  options: ExecutorOptions = {},
): Executor {
  checkExecutorName(name);
  if (name === 'process') return new ProcessExecutor(options);
  if (interpreter === undefined) throw new TypeError(`the executor ${name} needs an interpreter`);
  return name === 'inline' ? new InlineExecutor(interpreter, options) : createThreadExecutor(interpreter, options);
}
