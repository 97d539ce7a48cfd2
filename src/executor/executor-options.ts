import { FidiusTypeError } from '../errors/fidius-error.ts';
import {
  checkBoolean,
  checkCount,
  checkOptionNames,
  checkSignal,
  checkTimeout,
  describe,
  invalidOption,
} from '../errors/options.ts';
import type { CloseOptions, ExecutorChoice, LoadOptions } from './executor.ts';
import type { OutputListener } from './output.ts';
import { checkProcessOptions, type ProcessOptions } from './process/process-options.ts';
import type { NoticeListener } from './process-change.ts';

/** Options of an executor. */
export interface ExecutorOptions {
  /**
   * Number of threads that run calls, 1 to 256.
   *
   * @default 8
   */
  readonly threads?: number | undefined;
  /**
   * Number of threads that can replace stuck ones, 0 to 256.
   *
   * @default 8
   */
  readonly spareThreads?: number | undefined;
  /**
   * Receives every line that plugins print or log, on the JavaScript thread.
   *
   * @default the lines are written to the streams of this process
   */
  readonly onOutput?: OutputListener | undefined;
  /**
   * Receives changes by plugins that affect the whole process, on the JavaScript thread.
   *
   * @default a warning of the process
   */
  readonly onNotice?: NoticeListener | undefined;
  /**
   * Returns the W3C trace context of the running code, which is passed to Python with each call through `client`. Not with the
   * executor `inline`.
   *
   * @default none is passed
   */
  readonly traceContext?: (() => TraceContext | undefined) | undefined;
  /**
   * Options of the executor `process`, unless a load sets them.
   *
   * @default {}
   */
  readonly process?: ProcessOptions | undefined;
}

/** A trace that a call belongs to: https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  /** Version, trace, span and flags: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`. */
  readonly traceparent: string;
  /** Data of tracing systems. */
  readonly tracestate?: string | undefined;
}

/** More threads would only wait for each other. */
const mostThreads = 256;

export const defaultThreads = 8;

/** @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkExecutorOptions(options: ExecutorOptions): void {
  const { threads, spareThreads, onOutput, onNotice, traceContext } = options;
  checkCount('threads', threads, 1, mostThreads);
  checkCount('spareThreads', spareThreads, 0, mostThreads);
  checkFunction('onOutput', onOutput);
  checkFunction('onNotice', onNotice);
  checkFunction('traceContext', traceContext);
  checkProcessOptions(options.process);
}

function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw new FidiusTypeError('FIDIUS_OPTION_INVALID', `${name} must be a function, got ${describe(value)}`);
}

/**
 * Checks the options of closing.
 *
 * @param place how the reader knows the function, such as `PluginHost.close()`.
 * @throws FidiusError `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`.
 */
export function checkCloseOptions(place: string, options: CloseOptions): void {
  checkOptionNames(place, options, ['mode', 'timeoutMs']);
  checkTimeout('timeoutMs', options.timeoutMs);
  const { mode } = options;
  if (mode === undefined || mode === 'drain' || mode === 'abort') return;
  throw invalidOption(`mode must be "drain" or "abort", got ${describe(mode)}`, mode, 'string');
}

/** Refuses options of another executor, which would have no effect. @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkProcessUse(executor: ExecutorChoice, options: LoadOptions): void {
  if (options.process === undefined || executor === 'process' || executor === 'auto') return;
  throw new FidiusTypeError(
    'FIDIUS_OPTION_INVALID',
    `process has no effect with the executor ${describe(executor)}: it is for the executor "process"`,
    { hint: 'Add `executor: "process"`, or remove `process`.' },
  );
}

/** The names of the options of {@link LoadOptions}. */
export const loadOptionNames: readonly (keyof LoadOptions)[] = [
  'process',
  'signal',
  'loadTimeoutMs',
  'timeoutMs',
  'maxConcurrent',
  'maxQueued',
  'ownThread',
];

/** Checks the values of the options that every executor takes. @throws FidiusError `FIDIUS_OPTION_INVALID`. */
export function checkLoadOptions(options: LoadOptions): void {
  checkTimeout('loadTimeoutMs', options.loadTimeoutMs);
  checkTimeout('timeoutMs', options.timeoutMs);
  checkCount('maxConcurrent', options.maxConcurrent, 1, mostThreads);
  checkCount('maxQueued', options.maxQueued, 0, Number.MAX_SAFE_INTEGER);
  checkSignal(options.signal);
  checkProcessOptions(options.process);
  checkBoolean('ownThread', options.ownThread);
}
