import { FidiusTypeError } from '../errors/fidius-error.ts';
import { checkCount } from '../errors/option-values.ts';
import { describe } from '../errors/options.ts';
import type { OutputListener } from './output.ts';
import { checkProcessOptions, type ProcessOptions } from './process/process-options.ts';
import type { NoticeListener } from './process-change.ts';

/** Options of an executor. */
export interface ExecutorOptions {
  /** Number of threads that run calls. Default: 8. */
  readonly threads?: number | undefined;
  /** Number of threads that can replace stuck ones. Default: 8. */
  readonly spareThreads?: number | undefined;
  /** Receives every line that plugins print or log. Default: the lines are written to the streams of this process. */
  readonly onOutput?: OutputListener | undefined;
  /** Receives changes by plugins that affect the whole process. Default: a process warning. */
  readonly onNotice?: NoticeListener | undefined;
  /** Options of the executor `process`, unless a load sets them. */
  readonly process?: ProcessOptions | undefined;
}

/** More threads would only wait for each other. */
export const mostThreads = 256;

export const defaultThreads = 8;

/** @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkExecutorOptions(options: ExecutorOptions): void {
  const { threads, spareThreads, onOutput, onNotice } = options;
  checkCount('threads', threads, 1, mostThreads);
  checkCount('spareThreads', spareThreads, 0, mostThreads);
  checkFunction('onOutput', onOutput);
  checkFunction('onNotice', onNotice);
  checkProcessOptions(options.process);
}

function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw new FidiusTypeError('FIDIUS_OPTION_INVALID', `${name} must be a function, got ${describe(value)}`);
}
