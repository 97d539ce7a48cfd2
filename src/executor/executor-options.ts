import { FidiusError } from '../errors/fidius-error.ts';
import { checkCount } from '../errors/option-values.ts';
import { describe } from '../errors/options.ts';
import type { OutputListener } from './output.ts';

/** What an executor can be told when it is made. */
export interface ExecutorOptions {
  /** Threads that run calls. Default: 8. */
  readonly threads?: number | undefined;
  /** Threads that may take the place of stuck ones. Default: 8. */
  readonly spareThreads?: number | undefined;
  /** Gets every line that plugins print or log. Default: they go where Python writes, the streams of this process. */
  readonly onOutput?: OutputListener | undefined;
}

/** More threads than this would only wait for each other. */
export const mostThreads = 256;

export const defaultThreads = 8;

/** @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkExecutorOptions({ threads, spareThreads, onOutput }: ExecutorOptions): void {
  checkCount('threads', threads, 1, mostThreads);
  checkCount('spareThreads', spareThreads, 0, mostThreads);
  if (onOutput === undefined || typeof onOutput === 'function') return;
  throw new FidiusError('FIDIUS_OPTION_INVALID', `onOutput must be a function, got ${describe(onOutput)}`);
}
