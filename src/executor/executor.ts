import type { InterfaceDescriptor } from '../codec/descriptor.ts';
import type { CallableMethod } from '../codec/method-codec.ts';
import type { LoadedPackage, MethodKind } from '../cpython/call/package-loader.ts';

/**
 * Where calls run. One contract, whatever is behind it: the same values, the same errors, the same closing.
 *
 * - `inline`: on the calling JavaScript thread. A promise is settled when it is handed out, and the event loop waits for Python.
 * - `thread`: on Python's own threads in this process. The event loop never waits for Python.
 */
export const executorNames = ['inline', 'thread'] as const;
export type ExecutorName = (typeof executorNames)[number];

/** What an executor must know to load a package. */
export interface LoadRequest {
  /** Name of the package, as errors and events call the plugin. */
  readonly plugin: string;
  /** Folder of the package, as it shall stand on `sys.path`. */
  readonly folder: string;
  /** What the user knows the package by, where that is not the folder; errors name it. */
  readonly origin?: string | undefined;
  /** Dotted name of the module that holds the methods. */
  readonly entryModule: string;
  readonly descriptor: InterfaceDescriptor;
  /** Whether it must not import external modules. Default: `false`. */
  readonly refuseExternal?: boolean | undefined;
  /** Of the whole load, for errors, where {@link LoadOptions.loadTimeoutMs} is what is left of it. */
  readonly totalTimeoutMs?: number | undefined;
}

/** How a plugin is loaded and what its calls may take. */
export interface LoadOptions {
  /** Gives up loading; the promise is rejected at once, with `signal.reason` as cause. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds that loading may take: looking for the package, checking and storing it, starting Python and importing the
   * module, all together. Default: 60,000. Not kept by the import with `inline`, which holds up the thread that would have to
   * look at the clock.
   */
  readonly loadTimeoutMs?: number | undefined;
  /** Default of {@link CallOptions.timeoutMs} for every call of this plugin through `client`. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /**
   * Calls of this plugin that may run at a time, those of `async def` methods aside. Given, it is kept strictly: a call that
   * was given up and cannot be stopped counts until it ends. Default: one less than the pool has threads.
   */
  readonly maxConcurrent?: number | undefined;
  /** Calls of this plugin that may wait for their turn; one more is an error. Default: 16,384. */
  readonly maxQueued?: number | undefined;
  /**
   * Runs the import and every call on one thread of the plugin's own, for libraries that insist on it; there is no `sync`
   * then. Default: `false`. With `inline` everything is on one thread anyway.
   */
  readonly ownThread?: boolean | undefined;
}

/** What one call may ask for. */
export interface CallOptions {
  /** Gives up the call: its promise is rejected at once with `FIDIUS_CALL_ABORTED`, `signal.reason` being the cause. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now until the call is given up with `FIDIUS_CALL_TIMEOUT`. */
  readonly timeoutMs?: number | undefined;
}

/** How to close. */
export interface CloseOptions {
  /** `drain` lets accepted calls finish; `abort` gives them up with `FIDIUS_PLUGIN_CLOSED`. Default: `drain`. */
  readonly mode?: 'drain' | 'abort' | undefined;
  /** Milliseconds until a drain becomes an abort, and until an abort stops waiting for Python. Default: 10,000. */
  readonly timeoutMs?: number | undefined;
}

/** Runs plugins. Closed once and for all, together with the plugins that it loaded. */
export interface Executor {
  readonly name: ExecutorName;

  /**
   * Loads a package: all of it or nothing.
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
  /** The external modules that were imported for it when it was loaded. */
  readonly external: LoadedPackage['external'];

  /**
   * Calls a method. Arguments are read before this returns; every failure is a rejection.
   *
   * @returns what the method returned; rejected with a PluginError when it raised, with FidiusError otherwise.
   */
  call(method: CallableMethod, args: readonly unknown[], options?: CallOptions): Promise<unknown>;

  /**
   * The same plugin for calls on this JavaScript thread, or `undefined` where it runs in another process, or on a thread of
   * its own.
   *
   * Made on first use, which takes the GIL. It is closed together with the plugin.
   */
  sync(): SyncCalls | undefined;

  stats(): PluginStats;

  /** Ends the plugin: no call is accepted any more, what runs is drained or given up. Never rejects, may be called again. */
  close(options?: CloseOptions): Promise<void>;
}

/** Calls of one plugin on this JavaScript thread. */
export interface SyncCalls {
  /** Calls a method, and returns when Python is done. @throws PluginError when it raised, FidiusError otherwise. */
  callSync(method: CallableMethod, args: readonly unknown[], options?: SyncCallOptions): unknown;
}

export type SyncCallOptions = Pick<CallOptions, 'timeoutMs'>;

/** Figures of one plugin since it was loaded. Calls through `sync` are not counted: that would take part of their time. */
export interface PluginStats {
  /** Calls that wait for their turn. */
  readonly queued: number;
  /** Calls handed to Python and not answered yet, given-up ones included. */
  readonly running: number;
  /** Calls that returned a value. */
  readonly succeeded: number;
  /** Calls that raised, or whose result could not cross. */
  readonly failed: number;
  /** Calls that were given up: aborted, timed out, or caught by closing. */
  readonly givenUp: number;
  /** What became of the given-up calls that had started; those that are queued simply never run. */
  readonly outcomes: {
    /** The Python code was interrupted. */
    readonly stopped: number;
    /** It came to its end in spite of the interruption. */
    readonly finishedAnyway: number;
    /** It is running to this moment. */
    readonly stillRunning: number;
  };
}

/** Figures of an executor. */
export interface ExecutorStats {
  readonly executor: ExecutorName;
  /** Threads of the pool that exist now, stuck ones included. */
  readonly threads: number;
  /** Threads held by calls that were given up and cannot be stopped. */
  readonly stuckThreads: number;
  readonly queued: number;
  readonly running: number;
}
