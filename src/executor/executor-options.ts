import { FidiusError } from '../errors/fidius-error.ts';
import { checkCount } from '../errors/option-values.ts';
import { describe } from '../errors/options.ts';
import type { OutputListener } from './output.ts';
import type { NoticeListener } from './process-change.ts';

/** What an executor can be told when it is made. */
export interface ExecutorOptions {
  /** Threads that run calls. Default: 8. */
  readonly threads?: number | undefined;
  /** Threads that may take the place of stuck ones. Default: 8. */
  readonly spareThreads?: number | undefined;
  /** Gets every line that plugins print or log. Default: they go where Python writes, the streams of this process. */
  readonly onOutput?: OutputListener | undefined;
  /** Hears of what plugins change that belongs to the whole process. Default: a warning of the process. */
  readonly onNotice?: NoticeListener | undefined;
}

/** More threads than this would only wait for each other. */
export const mostThreads = 256;

export const defaultThreads = 8;

/** @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkExecutorOptions({ threads, spareThreads, onOutput, onNotice }: ExecutorOptions): void {
  checkCount('threads', threads, 1, mostThreads);
  checkCount('spareThreads', spareThreads, 0, mostThreads);
  checkFunction('onOutput', onOutput);
  checkFunction('onNotice', onNotice);
}

function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw new FidiusError('FIDIUS_OPTION_INVALID', `${name} must be a function, got ${describe(value)}`);
}
