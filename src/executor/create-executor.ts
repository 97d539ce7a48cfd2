import type { Interpreter } from '../python/interpreter.ts';
import type { Executor, ExecutorName } from './executor.ts';
import { InlineExecutor } from './inline.ts';

/** The executor of a name. */
export function createExecutor(name: ExecutorName, interpreter: Interpreter): Executor {
  switch (name) {
    case 'inline':
      return new InlineExecutor(interpreter);
    case 'thread':
      return new InlineExecutor(interpreter);
  }
}
