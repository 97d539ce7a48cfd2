import type { CallableMethod } from '../codec/method-codec.ts';
import { FidiusError, FidiusRangeError } from '../errors/fidius-error.ts';
import { describe } from '../errors/options.ts';
import type { LoadedPackage, MethodKind } from '../protocol/load-outcome.ts';
import type { PackageSource } from '../protocol/load-request.ts';
import type { ProcessOptions } from './process/process-options.ts';
import type { ProcessStats } from './process/process-stats.ts';
import type { ResultStream } from './result-stream.ts';

/**
 * Where calls run. All executors have the same contract: the same values, the same errors, the same closing.
 *
 * - `inline`: on the calling JavaScript thread. A promise is settled when it is returned; the event loop is blocked by Python.
 * - `thread`: on threads of Python in this process. The event loop is never blocked by Python.
 * - `process`: in a child process. A crash does not affect this process, and every call can be stopped.
 */
export const executorNames = ['inline', 'thread', 'process'] as const;
/** Name of an executor: where calls run. */
export type ExecutorName = (typeof executorNames)[number];

/**
 * What the option `executor` can be: an executor, or `auto`. `auto` is `thread`, or `process` for a package that cannot run in this
 * process.
 */
export const executorChoices = ['auto', ...executorNames] as const;
/** Value of the option `executor`. */
export type ExecutorChoice = (typeof executorChoices)[number];

/** A package to load. */
export interface LoadRequest extends PackageSource {
  /** Time limit of the whole load, for errors, if {@link LoadOptions.loadTimeoutMs} is the remaining time. */
  readonly totalTimeoutMs?: number | undefined;
}

/** Options of a load, and limits for the calls of the plugin. */
export interface LoadOptions {
  /**
   * Cancels the load. The promise is rejected immediately with `FIDIUS_LOAD_ABORTED`; its cause is `signal.reason`.
   *
   * @default `undefined`
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds that the whole load may take: finding the package, verifying and storing it, starting Python and
   * importing the module. With `inline`, the import can exceed it, because it blocks the thread that checks the time.
   *
   * @default 60_000, or the option of the host
   */
  readonly loadTimeoutMs?: number | undefined;
  /**
   * Milliseconds that a call of this plugin through `client` may take, unless the call sets `timeoutMs`.
   *
   * @default Infinity, or the option of the host
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Maximum number of calls of this plugin that run at the same time, without those of `async def` methods. If it is
   * set, a cancelled call that cannot be stopped counts until it ends. 1 to 256.
   *
   * @default one less than the number of threads
   */
  readonly maxConcurrent?: number | undefined;
  /**
   * Maximum number of waiting calls of this plugin. One more is rejected with `FIDIUS_QUEUE_FULL`.
   *
   * @default 16_384
   */
  readonly maxQueued?: number | undefined;
  /**
   * Runs the import and every call on one thread that only this plugin uses, for libraries that require it. There is
   * then no `sync`. With `inline`, everything runs on one thread in any case.
   *
   * @default false
   */
  readonly ownThread?: boolean | undefined;
  /**
   * Options of the executor `process`. What they leave undefined comes from the host.
   *
   * @default those of the host
   */
  readonly process?: ProcessOptions | undefined;
}

/** A report of a plugin on the progress of a call. */
export interface CallProgress {
  /** The part that is done, from 0 to 1; `undefined` if that is not known. */
  readonly fraction: number | undefined;
  /** What is being done. */
  readonly message: string | undefined;
}

/** Options of one call. */
export interface CallOptions {
  /** Cancels the call. Its promise is rejected immediately with `FIDIUS_CALL_ABORTED` and `signal.reason` as cause. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call is cancelled with `FIDIUS_CALL_TIMEOUT`. */
  readonly timeoutMs?: number | undefined;
  /** Receives reports of the plugin on the progress of the call. */
  readonly onProgress?: ((progress: CallProgress) => void) | undefined;
  /** Source of the argument stream, for a method that takes one: an iterable or an async iterable. */
  readonly input?: unknown;
}

/** Options of a call that returns a stream. */
export interface StreamOptions extends CallOptions {
  /** Number of items that may be produced before they are taken; `undefined`: it adapts to the stream. */
  readonly window?: number | undefined;
}

/** Options of closing. */
export interface CloseOptions {
  /**
   * `drain` lets accepted calls finish; `abort` cancels them with `FIDIUS_PLUGIN_CLOSED`.
   *
   * @default 'drain'
   */
  readonly mode?: 'drain' | 'abort' | undefined;
  /**
   * Milliseconds until a drain becomes an abort, and until an abort stops waiting for Python.
   *
   * @default 10_000
   */
  readonly timeoutMs?: number | undefined;
}

/** Runs plugins. Closing it closes the plugins that it loaded; it cannot be opened again. */
export interface Executor {
  readonly name: ExecutorName;

  /**
   * Loads a package. A load that fails changes nothing.
   *
   * @throws LoadError with the codes of loading; FidiusError `FIDIUS_LOAD_TIMEOUT`, `FIDIUS_LOAD_ABORTED`,
   *   `FIDIUS_HOST_CLOSED`, `FIDIUS_EXECUTOR_FAILED`.
   */
  load(request: LoadRequest, options?: LoadOptions): Promise<ExecutorPlugin>;

  stats(): ExecutorStats;

  /** Closes all plugins, then the executor. Never rejects, may be called again. */
  close(options?: CloseOptions): Promise<void>;
}

/** A loaded plugin, called by method index. */
export interface ExecutorPlugin {
  readonly executor: ExecutorName;
  /** Name of the package. */
  readonly name: string;
  /** File of the entry module. */
  readonly file: string;
  /** How each method answers; `absent` for an optional one that the plugin leaves out. */
  readonly methods: readonly MethodKind[];
  /** External modules that were imported when it was loaded. */
  readonly external: LoadedPackage['external'];
  /** The parameters of each method; `null` where they are unknown. */
  readonly parameters: LoadedPackage['parameters'];

  /**
   * Calls a method. Arguments are read before this returns; every failure rejects the promise.
   *
   * @returns what the method returned; rejected with a PluginError when it raised, with FidiusError otherwise.
   */
  call(method: CallableMethod, args: readonly unknown[], options?: CallOptions): Promise<unknown>;

  /**
   * Calls a method that returns a stream: when the first item is asked for. Arguments are read before this returns.
   *
   * @throws FidiusError for arguments that cannot be encoded, and for a method that returns no stream.
   */
  stream(method: CallableMethod, args: readonly unknown[], options?: StreamOptions): ResultStream;

  /**
   * The same plugin for calls on this JavaScript thread; `undefined` if it runs in another process, or with `ownThread`.
   *
   * Created on first use, which takes the GIL. It is closed together with the plugin.
   */
  sync(): SyncCalls | undefined;

  stats(): PluginStats;

  /**
   * Loads the plugin into new processes, which take the place of the old ones. Absent where it runs in this process.
   *
   * @throws what loading throws: the old processes work on; FidiusError `FIDIUS_PLUGIN_CLOSED`.
   */
  restart?(): Promise<void>;

  /** Closes the plugin: new calls are rejected, running ones are drained or cancelled. Never rejects, may be called again. */
  close(options?: CloseOptions): Promise<void>;
}

/** Calls of one plugin on this JavaScript thread. */
export interface SyncCalls {
  /** Calls a method, and returns when Python is done. @throws PluginError when it raised, FidiusError otherwise. */
  callSync(method: CallableMethod, args: readonly unknown[], options?: SyncCallOptions): unknown;
  /** Calls a method that returns a stream, when the first item is asked for. @throws what {@link ExecutorPlugin.stream} throws. */
  streamSync(
    method: CallableMethod,
    args: readonly unknown[],
    options?: SyncCallOptions,
  ): IterableIterator<unknown, undefined>;
}

export type SyncCallOptions = Pick<CallOptions, 'timeoutMs'>;

/** Figures of one plugin since it was loaded. Calls through `sync` are not counted, because that would slow them down. */
export interface PluginStats {
  /** Waiting calls. */
  readonly queued: number;
  /** Calls that were sent to Python and not answered, including cancelled ones. */
  readonly running: number;
  /** Calls that returned a value. */
  readonly succeeded: number;
  /** Calls that raised, or whose result could not be converted. */
  readonly failed: number;
  /** Calls that were cancelled: aborted, timed out, or cancelled by closing. */
  readonly cancelled: number;
  /** Outcomes of cancelled calls that had started. Those that were waiting never run. */
  readonly outcomes: {
    /** The Python code was interrupted. */
    readonly stopped: number;
    /** It finished in spite of the interruption. */
    readonly finishedAnyway: number;
    /** It is still running. */
    readonly stillRunning: number;
  };
  /** One for each process of the plugin, with the executor `process`. */
  readonly processes?: readonly ProcessStats[] | undefined;
}

/** Figures of an executor. */
export interface ExecutorStats {
  /** Which executor it is. */
  readonly executor: ExecutorName;
  /** Threads of the pool, including stuck ones. */
  readonly threads: number;
  /** Threads held by calls that were cancelled and cannot be stopped. */
  readonly stuckThreads: number;
  /** Waiting calls of all its plugins. */
  readonly queued: number;
  /** Calls of all its plugins that were sent to Python and not answered, including cancelled ones. */
  readonly running: number;
}

/** @throws FidiusError `FIDIUS_EXECUTOR_UNKNOWN`. */
export function checkExecutorChoice(name: unknown): asserts name is ExecutorChoice {
  if (executorChoices.some((known) => known === name)) return;
  throw new FidiusRangeError('FIDIUS_EXECUTOR_UNKNOWN', `There is no executor ${describe(name)}`, {
    hint: `Choose one of ${executorChoices.map((known) => `"${known}"`).join(', ')}.`,
  });
}

export function loadAborted({ plugin }: Pick<LoadRequest, 'plugin'>, cause: unknown): FidiusError {
  return new FidiusError('FIDIUS_LOAD_ABORTED', `Loading ${plugin} was aborted`, { cause });
}

/** @param what completes "The host …", such as `is closed and cannot load greeter`. */
export function hostClosed(what: string): FidiusError {
  return new FidiusError('FIDIUS_HOST_CLOSED', `The host ${what}`, { hint: 'Open a new host.' });
}
