import type { Interpreter } from '../../cpython/interpreter.ts';
import { type StartOptions, startPython } from '../../cpython/lifecycle/start.ts';
import { requireRuntimeFolders } from '../../cpython/runtime-folders.ts';
import { type FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { createExecutor } from '../../executor/create-executor.ts';
import {
  type CloseOptions,
  type Executor,
  type ExecutorChoice,
  type ExecutorName,
  type ExecutorStats,
  hostClosed,
} from '../../executor/executor.ts';
import type { ExecutorOptions } from '../../executor/executor-options.ts';
import { ProcessExecutor } from '../../executor/process/process-executor.ts';
import type { ProcessOptions } from '../../executor/process/process-options.ts';
import type { TargetPython } from '../../packaging/vendor/check-vendored.ts';
import { concernsOnlyThisProcess } from '../child-instead.ts';

/** An executor that can load packages. */
export interface StartedExecutor {
  readonly executor: Executor;
  /** The Python that runs its calls; vendored code must fit it. */
  readonly python: TargetPython;
  /** CPython in this process, for an executor that needs it. */
  readonly interpreter?: Interpreter | undefined;
  /** The interpreter that the executor `process` runs. */
  readonly executable?: string | undefined;
}

/** An executor that `auto` has chosen. */
export interface ChosenExecutor {
  readonly started: StartedExecutor;
  /** Why it is not `thread`. */
  readonly reason: string | undefined;
  /** Options of `process` that come in place of those of the load. */
  readonly process?: ProcessOptions | undefined;
}

/** The executors of one host. Each is started when the first load asks for it. */
export class ExecutorPool {
  readonly startOptions: StartOptions;
  readonly #options: ExecutorOptions;
  readonly #processOptions: ExecutorOptions;
  readonly #started = new Map<ExecutorName, StartedExecutor>();
  #processes: ProcessExecutor | undefined;
  /** Why no plugin can run in this process. */
  #noThread: FidiusError | undefined;
  #closed = false;

  /** @param processOptions options of `process` alone, which come before `options`. */
  constructor(startOptions: StartOptions, options: ExecutorOptions = {}, processOptions: ExecutorOptions = {}) {
    this.startOptions = startOptions;
    this.#options = options;
    this.#processOptions = processOptions;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * @param doing completes "The host is closed and cannot …".
   * @throws FidiusError `FIDIUS_HOST_CLOSED`.
   */
  checkOpen(doing: string): void {
    if (this.#closed) throw hostClosed(`is closed and cannot ${doing}`);
  }

  /**
   * Starts what an executor needs, and creates it.
   *
   * @param doing completes "The host is closed and cannot …".
   * @throws FidiusError `FIDIUS_HOST_CLOSED`, `FIDIUS_EXECUTOR_UNSUPPORTED`; the codes of starting Python.
   */
  start(name: ExecutorName, doing: string, options?: ProcessOptions): StartedExecutor {
    // An executor that is created after the close would never be closed.
    this.checkOpen(doing);
    if (name === 'process') return this.#startProcesses(options);
    let started = this.#started.get(name);
    if (started === undefined) {
      started = startExecutor(name, this.startOptions, this.#options);
      this.#started.set(name, started);
    }
    return started;
  }

  /** Whether a load would start CPython in this process. @param processReason why `auto` must choose `process`. */
  needsPython(choice: ExecutorChoice, processReason: string | undefined): boolean {
    if (choice === 'auto') return processReason === undefined && this.#noThread === undefined;
    return choice !== 'process';
  }

  /**
   * Starts `thread`, or `process` where CPython cannot be used in this process.
   *
   * @throws what {@link start} throws for `process`.
   */
  startAuto(doing: string): ChosenExecutor {
    if (this.#noThread === undefined) {
      try {
        return { started: this.start('thread', doing), reason: undefined };
      } catch (error) {
        // A library that was named is an order.
        const isNamed = this.startOptions.libpython !== undefined;
        if (isNamed || !isFidiusError(error) || !concernsOnlyThisProcess(error.code)) throw error;
        // The search for a library is not repeated by every load.
        this.#noThread = error;
      }
    }
    return { started: this.start('process', doing), reason: this.#noThread.message };
  }

  stats(): readonly ExecutorStats[] {
    return this.#executors().map((executor) => executor.stats());
  }

  /** Refuses new loads. {@link closeAll} follows, when the plugins are closed. */
  refuseLoads(): void {
    this.#closed = true;
  }

  async closeAll(options?: CloseOptions): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#executors().map((executor) => executor.close(options)));
  }

  #executors(): readonly Executor[] {
    const started = [...this.#started.values()].map(({ executor }) => executor);
    return this.#processes === undefined ? started : [...started, this.#processes];
  }

  /** Each load can name another interpreter. */
  #startProcesses(options: ProcessOptions | undefined): StartedExecutor {
    requireRuntimeFolders();
    this.#processes ??= new ProcessExecutor({ ...this.#options, ...this.#processOptions }, this.startOptions);
    const { executable, version, implementation, machine, freeThreaded } = this.#processes.findPython(options);
    const python = { version, implementation, machine, freeThreaded };
    return { executor: this.#processes, python, executable };
  }
}

function startExecutor(
  name: Exclude<ExecutorName, 'process'>,
  startOptions: StartOptions,
  options: ExecutorOptions,
): StartedExecutor {
  const interpreter = startPython(startOptions);
  const { version, implementation } = interpreter.facts;
  const python = { version, implementation, machine: process.arch, freeThreaded: false };
  return { executor: createExecutor(name, interpreter, options), python, interpreter };
}
