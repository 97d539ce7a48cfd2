import { FidiusError } from '../errors/fidius-error.ts';
import { PythonPluginHandle } from '../python/handle.ts';
import type { Interpreter } from '../python/interpreter.ts';
import { type LoadedPackage, loadPackage, type MethodKind } from '../python/load.ts';
import type { MethodCodec } from '../wire/method-codec.ts';
import type {
  CallOptions,
  Executor,
  ExecutorPlugin,
  ExecutorStats,
  LoadOptions,
  LoadRequest,
  PluginStats,
} from './executor.ts';
import { checkLoadOptions, hostClosed, loadAborted } from './load-options.ts';

/**
 * Runs plugins on the calling JavaScript thread: a call is over when its promise is handed out.
 *
 * Nothing can give up a call that runs, because nothing else runs in this thread; a signal that is aborted already keeps
 * a call from starting.
 */
export class InlineExecutor implements Executor {
  readonly name = 'inline';
  readonly #interpreter: Interpreter;
  readonly #plugins = new Set<InlinePlugin>();
  #open = true;

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
  }

  async load(request: LoadRequest, options: LoadOptions = {}): Promise<ExecutorPlugin> {
    checkLoadOptions(options);
    if (!this.#open) throw hostClosed(`is closed and cannot load ${request.plugin}`);
    const { signal, timeoutMs } = options;
    if (signal?.aborted === true) throw loadAborted(request, signal.reason);
    if (timeoutMs !== undefined) throw noDeadline(request.plugin);
    const loaded = loadPackage(this.#interpreter, request);
    const handle = new PythonPluginHandle(this.#interpreter, loaded, request.plugin, request.descriptor);
    const plugin = new InlinePlugin(handle, loaded, () => this.#plugins.delete(plugin));
    this.#plugins.add(plugin);
    return plugin;
  }

  stats(): ExecutorStats {
    return { executor: this.name, threads: 0, stuckThreads: 0, queued: 0, running: 0 };
  }

  async close(): Promise<void> {
    this.#open = false;
    await Promise.all([...this.#plugins].map((plugin) => plugin.close()));
  }
}

class InlinePlugin implements ExecutorPlugin {
  readonly executor = 'inline';
  readonly name: string;
  readonly file: string;
  readonly methods: readonly MethodKind[];
  readonly #handle: PythonPluginHandle;
  readonly #onClose: () => void;
  #succeeded = 0;
  #failed = 0;
  #givenUp = 0;

  constructor(handle: PythonPluginHandle, { file, methods }: LoadedPackage, onClose: () => void) {
    this.#handle = handle;
    this.#onClose = onClose;
    this.name = handle.name;
    this.file = file;
    this.methods = methods;
  }

  async call(
    index: number,
    codec: MethodCodec | undefined,
    args: readonly unknown[],
    options: CallOptions = {},
  ): Promise<unknown> {
    return this.#count(index, options, () =>
      codec === undefined ? this.#handle.callTyped(index, args) : this.#handle.callWithCodec(index, codec, args),
    );
  }

  async callRaw(index: number, input: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    return this.#count(index, options, () => this.#handle.callRaw(index, input));
  }

  sync(): PythonPluginHandle {
    return this.#handle;
  }

  stats(): PluginStats {
    return {
      queued: 0,
      running: 0,
      succeeded: this.#succeeded,
      failed: this.#failed,
      givenUp: this.#givenUp,
      outcomes: { stopped: 0, finishedAnyway: 0, stillRunning: 0 },
    };
  }

  async close(): Promise<void> {
    this.#handle.close();
    this.#onClose();
  }

  #count<T>(index: number, { signal, timeoutMs }: CallOptions, call: () => T): T {
    if (signal?.aborted === true) {
      this.#givenUp += 1;
      const method = this.#handle.descriptor.methods[index]?.name ?? index;
      throw new FidiusError('FIDIUS_CALL_ABORTED', `${method}() was aborted before it started`, {
        cause: signal.reason,
      });
    }
    if (timeoutMs !== undefined) throw noDeadline(this.name);
    try {
      const result = call();
      this.#succeeded += 1;
      return result;
    } catch (error) {
      this.#failed += 1;
      throw error;
    }
  }
}

function noDeadline(plugin: string): FidiusError {
  return new FidiusError(
    'FIDIUS_OPTION_INVALID',
    `timeoutMs cannot be kept for ${plugin}: the executor "inline" cannot stop a call that blocks this thread`,
    { hint: 'Use the executor "thread".' },
  );
}
