import { FidiusError, isFidiusError } from '../errors/fidius-error.ts';
import { checkSignal, checkTimeout } from '../errors/option-values.ts';
import { PythonPluginHandle } from '../python/handle.ts';
import type { Interpreter } from '../python/interpreter.ts';
import { type LoadedPackage, loadPackage, type MethodKind } from '../python/load.ts';
import { SyncDeadline } from '../python/sync-deadline.ts';
import type { MethodCodec } from '../wire/method-codec.ts';
import { type CallSubject, callChannel, traceHere } from './call-channel.ts';
import type {
  CallOptions,
  Executor,
  ExecutorPlugin,
  ExecutorStats,
  LoadOptions,
  LoadRequest,
  PluginStats,
} from './executor.ts';
import { InlineChanges } from './inline-changes.ts';
import { InlineOutput } from './inline-output.ts';
import { checkLoadOptions, hostClosed, loadAborted } from './load-options.ts';
import type { ConnectionListeners } from './server-connection.ts';
import { Tally } from './tally.ts';

/**
 * Runs plugins on the calling JavaScript thread: a call is over when its promise is handed out.
 *
 * A signal that is aborted already keeps a call from starting; later ones come too late, because nothing else runs in this
 * thread while Python does. A deadline interrupts the call, where that is possible.
 */
export class InlineExecutor implements Executor {
  readonly name = 'inline';
  readonly #interpreter: Interpreter;
  readonly #output: InlineOutput | undefined;
  readonly #changes: InlineChanges;
  readonly #plugins = new Set<InlinePlugin>();
  #closing: Promise<void> | undefined;

  constructor(interpreter: Interpreter, { onOutput, onNotice }: ConnectionListeners = {}) {
    this.#interpreter = interpreter;
    this.#changes = new InlineChanges(interpreter, onNotice);
    if (onOutput !== undefined) this.#output = new InlineOutput(interpreter, onOutput);
  }

  async load(request: LoadRequest, options: LoadOptions = {}): Promise<ExecutorPlugin> {
    checkLoadOptions(options);
    if (this.#closing !== undefined) throw hostClosed(`is closed and cannot load ${request.plugin}`);
    const { signal, timeoutMs } = options;
    if (signal?.aborted === true) throw loadAborted(request, signal.reason);
    // Better refused now than by every call.
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) SyncDeadline.of(this.#interpreter);
    this.#output?.claim(request.folder, request.plugin);
    try {
      const { plugin: name, folder, descriptor } = request;
      const loaded = this.#changes.duringLoad(name, folder, () => loadPackage(this.#interpreter, request));
      const onBusy = this.#changes.activity.of(name);
      const handle = new PythonPluginHandle(this.#interpreter, loaded, name, descriptor, onBusy);
      const plugin = new InlinePlugin(handle, loaded, timeoutMs, this.#output, () => this.#plugins.delete(plugin));
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
  readonly #timeoutMs: number | undefined;
  readonly #output: InlineOutput | undefined;
  readonly #onClose: () => void;
  readonly #tally = new Tally();

  constructor(
    handle: PythonPluginHandle,
    { file, methods, external }: LoadedPackage,
    timeoutMs: number | undefined,
    output: InlineOutput | undefined,
    onClose: () => void,
  ) {
    this.#handle = handle;
    this.#timeoutMs = timeoutMs;
    this.#output = output;
    this.#onClose = onClose;
    this.name = handle.name;
    this.file = file;
    this.methods = methods;
    this.external = external;
  }

  async call(
    index: number,
    codec: MethodCodec | undefined,
    args: readonly unknown[],
    options: CallOptions = {},
  ): Promise<unknown> {
    return this.#run({ index, options }, (sync) =>
      codec === undefined
        ? this.#handle.callTyped(index, args, sync)
        : this.#handle.callWithCodec(index, codec, args, sync),
    );
  }

  async callRaw(index: number, input: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const bytesOf = (result: Uint8Array) => result.length;
    const details = { index, options, requestBytes: input.length, bytesOf };
    return this.#run(details, (sync) => this.#handle.callRaw(index, input, sync));
  }

  sync(): PythonPluginHandle {
    return this.#handle;
  }

  get afterSync(): (() => void) | undefined {
    return this.#output?.drain;
  }

  stats(): PluginStats {
    return this.#tally.toStats(0, 0);
  }

  async close(): Promise<void> {
    this.#handle.close();
    this.#onClose();
  }

  #run<T>({ index, options, requestBytes, bytesOf }: CallDetails<T>, call: (options: CallOptions) => T): T {
    checkTimeout('timeoutMs', options.timeoutMs);
    checkSignal(options.signal);
    const { descriptor } = this.#handle;
    const { name: plugin } = this;
    const method = descriptor.methods[index]?.name ?? String(index);
    const run = () => {
      if (options.signal?.aborted !== true) return call({ timeoutMs: options.timeoutMs ?? this.#timeoutMs });
      throw new FidiusError('FIDIUS_CALL_ABORTED', `${method}() of ${plugin} was aborted before it started`, {
        cause: options.signal.reason,
      });
    };
    try {
      const subject = { executor: 'inline', plugin, interface: descriptor.interfaceName, method, index } as const;
      const result = callChannel.hasSubscribers ? traceHere({ ...subject, requestBytes }, run, bytesOf) : run();
      this.#tally.succeeded += 1;
      return result;
    } catch (error) {
      this.#count(error);
      throw error;
    } finally {
      this.#output?.drain();
    }
  }

  #count(error: unknown): void {
    const code = isFidiusError(error) ? error.code : undefined;
    const timedOut = code === 'FIDIUS_CALL_TIMEOUT';
    if (timedOut) this.#tally.stopped += 1;
    if (timedOut || code === 'FIDIUS_CALL_ABORTED') this.#tally.givenUp += 1;
    else this.#tally.failed += 1;
  }
}

interface CallDetails<T> extends Pick<CallSubject, 'index' | 'requestBytes'> {
  readonly options: CallOptions;
  /** Size of the result, where it is known. */
  readonly bytesOf?: (result: T) => number;
}
