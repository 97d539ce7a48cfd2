import { FidiusError, FidiusTypeError } from '../errors/fidius-error.ts';
import { checkCount, checkSignal, checkTimeout } from '../errors/option-values.ts';
import { describe } from '../errors/options.ts';
import type { ExecutorName, LoadOptions, LoadRequest } from './executor.ts';
import { mostThreads } from './executor-options.ts';
import { checkProcessOptions } from './process/process-options.ts';

/** Checks the values of the options that every executor takes. @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkLoadOptions(options: LoadOptions): void {
  checkTimeout('loadTimeoutMs', options.loadTimeoutMs);
  checkTimeout('timeoutMs', options.timeoutMs);
  checkCount('maxConcurrent', options.maxConcurrent, 1, mostThreads);
  checkCount('maxQueued', options.maxQueued, 0, Number.MAX_SAFE_INTEGER);
  checkSignal(options.signal);
  checkProcessOptions(options.process);
  const { ownThread } = options;
  if (ownThread === undefined || typeof ownThread === 'boolean') return;
  throw new FidiusTypeError('FIDIUS_OPTION_INVALID', `ownThread must be true or false, got ${describe(ownThread)}`);
}

/** Refuses options of another executor, which would have no effect. @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkProcessUse(executor: ExecutorName, options: LoadOptions): void {
  if (options.process === undefined || executor === 'process') return;
  throw new FidiusTypeError(
    'FIDIUS_OPTION_INVALID',
    `process has no effect with the executor ${describe(executor)}: it is for the executor "process"`,
    { hint: 'Add `executor: "process"`, or remove `process`.' },
  );
}

export function loadAborted({ plugin }: Pick<LoadRequest, 'plugin'>, cause: unknown): FidiusError {
  return new FidiusError('FIDIUS_LOAD_ABORTED', `Loading ${plugin} was aborted`, { cause });
}

/** @param what completes "The host …", such as `is closed and cannot load greeter`. */
export function hostClosed(what: string): FidiusError {
  return new FidiusError('FIDIUS_HOST_CLOSED', `The host ${what}`, { hint: 'Open a new host.' });
}
