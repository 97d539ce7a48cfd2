import type { CallableMethod } from '../../codec/method-codec.ts';
import { loadPackage, PythonPluginHandle } from '../../cpython/call/python-plugin-handle.ts';
import { SyncDeadline } from '../../cpython/call/sync-deadline.ts';
import type { EndingServer, Interpreter } from '../../cpython/interpreter.ts';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { checkSignal, checkTimeout } from '../../errors/options.ts';
import { emitSafely } from '../../node/timers.ts';
import type { LoadedPackage, MethodKind } from '../../protocol/load-outcome.ts';
import { CallCounters } from '../call-counters.ts';
import {
  type CallOptions,
  type Executor,
  type ExecutorPlugin,
  type ExecutorStats,
  hostClosed,
  type LoadOptions,
  type LoadRequest,
  loadAborted,
  type PluginStats,
  type StreamOptions,
  type SyncCalls,
} from '../executor.ts';
import { checkLoadOptions, type ExecutorOptions } from '../executor-options.ts';
import { HandleCalls } from '../handle-calls.ts';
import { deliverLines, type OutputLine, type OutputListener } from '../output.ts';
import { type FoundChange, type NoticeListener, toNotice } from '../process-change.ts';
import { ResultStream, type StreamReader } from '../result-stream.ts';
import { SyncActivity } from '../sync-activity.ts';

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
      const { hostFunctions } = request;
      const handle = new PythonPluginHandle(this.#interpreter, loaded, name, descriptor, onBusy, hostFunctions);
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
  readonly parameters: LoadedPackage['parameters'];
  readonly #handle: PythonPluginHandle;
  readonly #calls: HandleCalls;
  readonly #timeoutMs: number | undefined;
  readonly #onClose: () => void;
  readonly #tally = new CallCounters();

  constructor(
    handle: PythonPluginHandle,
    { file, methods, external, parameters }: LoadedPackage,
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
    this.parameters = parameters;
  }

  async call(method: CallableMethod, args: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    if (options.input !== undefined) throw this.#noInput(method);
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

  stream(method: CallableMethod, args: readonly unknown[], options: StreamOptions = {}): ResultStream {
    const { signal, timeoutMs, window } = options;
    checkTimeout('timeoutMs', timeoutMs);
    checkSignal(signal);
    if (options.input !== undefined) throw this.#noInput(method);
    const stream = this.#calls.streamSync(method, args, { timeoutMs, window });
    const name = this.#nameOf(method);
    return new ResultStream(`${name}() of ${this.name}`, () => {
      if (signal?.aborted === true) throw this.#abortedBefore(method, signal);
      return new InlineReader(stream, this.#tally, () => {
        if (signal?.aborted === true) throw this.#aborted(method, signal);
      });
    });
  }

  sync(): SyncCalls {
    return this.#calls;
  }

  stats(): PluginStats {
    return this.#tally.toStats(0, 0);
  }

  async close(): Promise<void> {
    this.#handle.close();
    // What a configured instance prints when it is closed.
    this.#calls.drain();
    this.#onClose();
  }

  #nameOf({ index }: CallableMethod): string {
    return this.#handle.descriptor.methods[index]?.name ?? String(index);
  }

  /** Python would have to call JavaScript for the next item, on the thread that waits for Python. */
  #noInput(method: CallableMethod): FidiusError {
    const name = this.#nameOf(method);
    return new FidiusError(
      'FIDIUS_CALL_STREAM',
      `${name}() of ${this.name} takes a stream, which the executor "inline" cannot pass`,
      {
        hint: 'Load it with the executor "thread" or "process".',
        call: { plugin: this.name, method: name },
      },
    );
  }

  #aborted(method: CallableMethod, { reason }: AbortSignal): FidiusError {
    const name = this.#nameOf(method);
    return new FidiusError('FIDIUS_CALL_ABORTED', `${name}() of ${this.name} was aborted`, {
      cause: reason,
      call: { plugin: this.name, method: name },
    });
  }

  #abortedBefore(callable: CallableMethod, { reason }: AbortSignal): FidiusError {
    const method = this.#nameOf(callable);
    return new FidiusError('FIDIUS_CALL_ABORTED', `${method}() of ${this.name} was aborted before it started`, {
      cause: reason,
      call: { plugin: this.name, method },
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

/** Reads a stream on this thread. Each step blocks it while Python produces. */
class InlineReader implements StreamReader {
  readonly #stream: IterableIterator<unknown, undefined>;
  readonly #tally: CallCounters;
  readonly #check: () => void;
  #isDone = false;

  /** @param check throws if the call was aborted. */
  constructor(stream: IterableIterator<unknown, undefined>, tally: CallCounters, check: () => void) {
    this.#stream = stream;
    this.#tally = tally;
    this.#check = check;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#isDone) return { done: true, value: undefined };
    try {
      this.#check();
      const result = this.#stream.next();
      if (result.done === true) {
        this.#isDone = true;
        this.#tally.succeeded += 1;
      }
      return result;
    } catch (error) {
      this.#isDone = true;
      this.#tally.failed += 1;
      this.#stream.return?.();
      throw error;
    }
  }

  async return(): Promise<void> {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#tally.cancelled += 1;
    this.#stream.return?.();
  }

  abandon(): void {
    void this.return();
  }
}

/** Fetches the lines that plugins print and log during calls on this thread. Takes the GIL. */
class InlineOutput implements EndingServer {
  readonly number = 0;
  readonly #interpreter: Interpreter;
  readonly #listener: OutputListener;
  readonly #lines: number;
  #open = true;

  constructor(interpreter: Interpreter, listener: OutputListener) {
    this.#interpreter = interpreter;
    this.#listener = listener;
    this.#lines = interpreter.invoke('output_lines.start') as number;
    interpreter.servers.add(this);
  }

  /** Attributes the output of code in a folder to a plugin. */
  claim(folder: string, plugin: string): void {
    this.#interpreter.invoke('output_lines.claim', this.#lines, folder, plugin);
  }

  /** Delivers the lines so far. */
  readonly drain = (): void => {
    // A listener may have closed the host, which has delivered the last lines.
    if (!this.#open) return;
    this.takeLines(this.#interpreter.invoke('output_lines.take', this.#lines) as readonly OutputLine[]);
  };

  readonly takeLines = (lines: readonly OutputLine[]): void => deliverLines(lines, this.#listener);

  close(): void {
    this.#open = false;
    this.#interpreter.servers.delete(this);
    this.takeLines(this.#interpreter.invoke('output_lines.stop', this.#lines) as readonly OutputLine[]);
  }
}

/** Detects changes to the whole process by plugins that are called on this thread. Takes the GIL. */
class InlineChanges {
  readonly activity: SyncActivity;
  readonly #interpreter: Interpreter;
  readonly #listener: NoticeListener | undefined;
  readonly #key: string;

  constructor(interpreter: Interpreter, listener: NoticeListener | undefined) {
    this.#interpreter = interpreter;
    this.#listener = listener;
    this.#key = interpreter.invoke('change_notices.start') as string;
    this.activity = new SyncActivity(
      (plugin) => interpreter.invoke('change_notices.begin_calls', this.#key, plugin),
      (plugins) => this.#report(interpreter.invoke('change_notices.end_calls', this.#key, plugins)),
    );
  }

  duringLoad<T>(plugin: string, folder: string, load: () => T): T {
    this.activity.endPeriod();
    this.#interpreter.invoke('change_notices.begin_load', this.#key, plugin, folder);
    try {
      return load();
    } finally {
      this.#report(this.#interpreter.invoke('change_notices.end_load', this.#key, plugin));
    }
  }

  close(): void {
    this.activity.endPeriod();
    this.#report(this.#interpreter.invoke('change_notices.stop', this.#key));
  }

  #report(changes: unknown): void {
    // Compared even without a listener: the changes would be found later otherwise, and attributed to another plugin.
    if (this.#listener === undefined) return;
    for (const [kind, before, after, plugins] of changes as Change[]) {
      const notice = toNotice({ kind, before, after, plugins });
      if (notice !== undefined) emitSafely(this.#listener, notice);
    }
  }
}

type Change = [kind: FoundChange['kind'], before: unknown, after: unknown, plugins: readonly string[]];
