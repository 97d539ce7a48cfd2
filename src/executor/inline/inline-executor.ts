import type { CallableMethod } from '../../codec/method-codec.ts';
import { loadPackage } from '../../cpython/call/package-loader.ts';
import { PythonPluginHandle } from '../../cpython/call/python-plugin-handle.ts';
import { SyncDeadline } from '../../cpython/call/sync-deadline.ts';
import type { Interpreter } from '../../cpython/interpreter.ts';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { checkSignal, checkTimeout } from '../../errors/option-values.ts';
import type { LoadedPackage, MethodKind } from '../../protocol/load-outcome.ts';
import { CallCounters } from '../call-counters.ts';
import type {
  CallOptions,
  Executor,
  ExecutorPlugin,
  ExecutorStats,
  LoadOptions,
  LoadRequest,
  PluginStats,
  SyncCalls,
} from '../executor.ts';
import type { ExecutorOptions } from '../executor-options.ts';
import { HandleCalls } from '../handle-calls.ts';
import { checkLoadOptions, hostClosed, loadAborted } from '../load-options.ts';
import { InlineChanges } from './inline-changes.ts';
import { InlineOutput } from './inline-output.ts';

/**
 * Runs plugins on the calling JavaScript thread: a call has ended when its promise is returned.
 *
 * A signal that is already aborted prevents a call from starting. It cannot be aborted later, because no other JavaScript runs
 * during the call. A deadline interrupts the call where that is possible.
 */
export class InlineExecutor implements Executor {
  readonly name = 'inline';
  readonly #interpreter: Interpreter;
  readonly #output: InlineOutput | undefined;
  readonly #changes: InlineChanges;
  readonly #plugins = new Set<InlinePlugin>();
  #closing: Promise<void> | undefined;

  constructor(interpreter: Interpreter, { onOutput, onNotice }: Pick<ExecutorOptions, 'onOutput' | 'onNotice'> = {}) {
    this.#interpreter = interpreter;
    this.#changes = new InlineChanges(interpreter, onNotice);
    if (onOutput !== undefined) this.#output = new InlineOutput(interpreter, onOutput);
  }

  async load(request: LoadRequest, options: LoadOptions = {}): Promise<ExecutorPlugin> {
    checkLoadOptions(options);
    if (this.#closing !== undefined) throw hostClosed(`is closed and cannot load ${request.plugin}`);
    const { signal, timeoutMs } = options;
    if (signal?.aborted === true) throw loadAborted(request, signal.reason);
    // Rejected here instead of in every call.
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) SyncDeadline.of(this.#interpreter);
    this.#output?.claim(request.folder, request.plugin);
    try {
      const { plugin: name, folder, descriptor } = request;
      const loaded = this.#changes.duringLoad(name, folder, () => loadPackage(this.#interpreter, request));
      const onBusy = this.#changes.activity.of(name);
      const handle = new PythonPluginHandle(this.#interpreter, loaded, name, descriptor, onBusy);
      const plugin = new InlinePlugin(handle, loaded, timeoutMs, this.#output?.drain, () =>
        this.#plugins.delete(plugin),
      );
      this.#plugins.add(plugin);
      return plugin;
    } finally {
      this.#output?.drain();
    }
  }

  stats(): ExecutorStats {
    return { executor: this.name, threads: 0, stuckThreads: 0, queued: 0, running: 0 };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#changes.close();
    await Promise.all([...this.#plugins].map((plugin) => plugin.close()));
    this.#output?.close();
  }
}

class InlinePlugin implements ExecutorPlugin {
  readonly executor = 'inline';
  readonly name: string;
  readonly file: string;
  readonly methods: readonly MethodKind[];
  readonly external: LoadedPackage['external'];
  readonly #handle: PythonPluginHandle;
  readonly #calls: HandleCalls;
  readonly #timeoutMs: number | undefined;
  readonly #onClose: () => void;
  readonly #tally = new CallCounters();

  constructor(
    handle: PythonPluginHandle,
    { file, methods, external }: LoadedPackage,
    timeoutMs: number | undefined,
    drain: (() => void) | undefined,
    onClose: () => void,
  ) {
    this.#handle = handle;
    this.#calls = new HandleCalls(handle, drain);
    this.#timeoutMs = timeoutMs;
    this.#onClose = onClose;
    this.name = handle.name;
    this.file = file;
    this.methods = methods;
    this.external = external;
  }

  async call(method: CallableMethod, args: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    const { signal, timeoutMs = this.#timeoutMs } = options;
    checkTimeout('timeoutMs', options.timeoutMs);
    checkSignal(signal);
    try {
      const result = this.#calls.observe(method, args, () => {
        if (signal?.aborted === true) throw this.#abortedBefore(method, signal);
        return this.#handle.callSync(method, args, { timeoutMs });
      });
      this.#tally.succeeded += 1;
      return result;
    } catch (error) {
      this.#count(error);
      throw error;
    }
  }

  sync(): SyncCalls {
    return this.#calls;
  }

  stats(): PluginStats {
    return this.#tally.toStats(0, 0);
  }

  async close(): Promise<void> {
    this.#handle.close();
    this.#onClose();
  }

  #abortedBefore({ index }: CallableMethod, { reason }: AbortSignal): FidiusError {
    const method = this.#handle.descriptor.methods[index]?.name ?? String(index);
    return new FidiusError('FIDIUS_CALL_ABORTED', `${method}() of ${this.name} was aborted before it started`, {
      cause: reason,
    });
  }

  #count(error: unknown): void {
    const code = isFidiusError(error) ? error.code : undefined;
    const timedOut = code === 'FIDIUS_CALL_TIMEOUT';
    if (timedOut) this.#tally.stopped += 1;
    if (timedOut || code === 'FIDIUS_CALL_ABORTED') this.#tally.cancelled += 1;
    else this.#tally.failed += 1;
  }
}
