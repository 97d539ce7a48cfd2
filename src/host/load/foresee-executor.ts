import { locatePython } from '../../cpython/locate/locate-python.ts';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { concernsOnlyThisProcess } from '../child-instead.ts';
import type { PreparedPackage } from '../policy/package-policy.ts';
import { ExecutorPool } from './executor-pool.ts';
import { findPythonFor, requirePythonFor } from './required-python.ts';

/** What `auto` would choose for a package on this machine. */
export interface ForeseenExecutor {
  /** `null` if no Python of this machine can run it. */
  readonly executor: 'thread' | 'process' | null;
  /** Which Python it is, why `thread` is not possible, or why nothing is. */
  readonly reason: string;
}

/**
 * Foresees the choice of `auto` for a package that is the only one of its host. Runs none of its code. Whether its modules collide
 * with those of other packages shows only in a host.
 */
export function foreseeExecutor(subject: Pick<PreparedPackage, 'path' | 'folder' | 'manifest'>): ForeseenExecutor {
  const executors = new ExecutorPool({});
  try {
    const { python } = locatePython({ allowStatic: true });
    const version = `Python ${python.version}`;
    const isEmbeddable = python.shared && !python.freeThreaded && process.platform !== 'win32';
    try {
      requirePythonFor(subject, python);
    } catch (error) {
      if (!isFidiusError(error)) throw error;
      const { started } = findPythonFor(subject, executors, undefined, error);
      return { executor: 'process', reason: `${error.message}; Python ${started.python.version} runs it` };
    }
    if (isEmbeddable) return { executor: 'thread', reason: version };
    return { executor: 'process', reason: `${version} cannot run in this process` };
  } catch (error) {
    if (!isFidiusError(error)) throw error;
    const isChild = concernsOnlyThisProcess(error.code);
    return { executor: isChild ? 'process' : null, reason: error.message.split('\n', 1)[0] ?? '' };
  }
}
