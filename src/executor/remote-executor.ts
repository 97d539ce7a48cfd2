import { type LoadedPackage, loadArguments, readLoadOutcome } from '../cpython/call/package-loader.ts';
import type { PythonPluginHandle } from '../cpython/call/python-plugin-handle.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { type CodePlace, LoadTimeoutError } from '../errors/load-timeout-error.ts';
import type {
  CloseOptions,
  Executor,
  ExecutorName,
  ExecutorPlugin,
  ExecutorStats,
  LoadOptions,
  LoadRequest,
} from './executor.ts';
import { checkExecutorOptions, defaultThreads, type ExecutorOptions } from './executor-options.ts';
import { checkLoadOptions, hostClosed, loadAborted } from './load-options.ts';
import { type OutputLine, passOn } from './output.ts';
import type { GivenUp } from './patience.ts';
import { serverMethod } from './protocol.ts';
import { type PluginOwner, RemotePlugin } from './remote-plugin.ts';
import { ServerCall } from './server-call.ts';
import { ServerConnection, type Transport } from './server-connection.ts';

export interface RemoteSetup extends ExecutorOptions {
  readonly name: ExecutorName;
  /** Starts the server. Called once, by the first load. */
  connect(): Transport;
  /** Makes a handle for calls on this thread; absent when the server is in another process. */
  createHandle?(loaded: LoadedPackage, request: LoadRequest): PythonPluginHandle;
  /** Addresses of references that handles have left, for the server to give up; absent when it is in another process. */
  surrender?(): readonly number[];
}

const loadTimeoutMs = 60_000;
/** How long closing waits for an import to stop, and for one that did not to be undone. */
const stopLoadMs = 1000;
const queueLength = 16_384;
/** How long closing waits for the last lines that plugins printed, in milliseconds. */
const lastWordsMs = 1000;

/** Runs plugins at a call server. Where that is, is the transport's affair alone. */
export class RemoteExecutor implements Executor, PluginOwner {
  readonly name: ExecutorName;
  readonly #setup: RemoteSetup;
  readonly #threads: number;
  readonly #spareThreads: number;
  readonly #plugins = new Set<RemotePlugin>();
  readonly #loads = new Set<ServerCall>();
  readonly #lateUnloads = new Set<Promise<unknown>>();
  #connected: Promise<ServerConnection> | undefined;
  #connection: ServerConnection | undefined;
  #closing: Promise<void> | undefined;

  /** @throws FidiusError `FIDIUS_OPTION_INVALID`. */
  constructor(setup: RemoteSetup) {
    checkExecutorOptions(setup);
    const { name, threads = defaultThreads, spareThreads = defaultThreads } = setup;
    this.name = name;
    this.#setup = setup;
    this.#threads = threads;
    this.#spareThreads = spareThreads;
  }

  get connection(): ServerConnection {
    if (this.#connection === undefined) throw new Error('asked for before the first load');
    return this.#connection;
  }

  async load(request: LoadRequest, options: LoadOptions = {}): Promise<ExecutorPlugin> {
    checkLoadOptions(options);
    const { signal } = options;
    const { maxConcurrent = null, ownThread = false } = options;
    const args = [request.plugin, ...loadArguments(request), maxConcurrent, ownThread];
    if (signal?.aborted === true) throw loadAborted(request, signal.reason);
    this.#checkOpen(request);
    const connection = await this.#connect();
    this.#checkOpen(request);
    const obstacle = this.obstacle();
    if (obstacle !== undefined) throw obstacle;

    const timeoutMs = options.loadTimeoutMs ?? loadTimeoutMs;
    const call = new ServerCall(connection, serverMethod.load, args);
    this.#loads.add(call);
    try {
      const outcome = await call.result(signal, timeoutMs, (why, place) =>
        gaveUpLoading(request, why, timeoutMs, place),
      );
      this.#checkOpen(request);
      return this.#adopt(request, readLoadOutcome(outcome, request), options);
    } catch (error) {
      // Python may come to the end of the import after all.
      void call.late.then((outcome) => this.#unloadLate(outcome));
      throw error;
    } finally {
      this.#loads.delete(call);
    }
  }

  stats(): ExecutorStats {
    const { threads, stuck } = this.#connection?.pool ?? { threads: 0, stuck: 0 };
    const stats = [...this.#plugins].map((plugin) => plugin.stats());
    const sum = (field: 'queued' | 'running') => stats.reduce((total, each) => total + each[field], 0);
    return { executor: this.name, threads, stuckThreads: stuck, queued: sum('queued'), running: sum('running') };
  }

  close(options?: CloseOptions): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  obstacle(): FidiusError | undefined {
    const { failure, pool } = this.connection;
    if (failure !== undefined) return failure;
    if (pool.stuck < this.#threads + this.#spareThreads) return undefined;
    return new FidiusError(
      'FIDIUS_POOL_STUCK',
      `All ${pool.stuck} threads are held by calls that were given up and cannot be stopped (${this.#stuckPlugins()})`,
      {
        hint: 'Have these methods return in time: code in C, or one that waits, cannot be interrupted in this process.',
      },
    );
  }

  createHandle(loaded: LoadedPackage, request: LoadRequest): PythonPluginHandle | undefined {
    return this.#setup.createHandle?.(loaded, request);
  }

  /** Plugins were called on this thread, past the server, and have come to rest. */
  endSyncCalls(plugins: readonly string[]): void {
    const { connection } = this;
    if (connection.failure === undefined) void new ServerCall(connection, serverMethod.endSyncCalls, [plugins]);
  }

  async unload(plugin: RemotePlugin, timeoutMs: number): Promise<void> {
    this.#plugins.delete(plugin);
    const { connection } = this;
    if (connection.failure !== undefined) return;
    const references = this.#setup.surrender?.() ?? [];
    await new ServerCall(connection, serverMethod.unload, [plugin.number, references]).ended(timeoutMs);
  }

  #adopt(request: LoadRequest, loaded: LoadedPackage, options: LoadOptions): RemotePlugin {
    const { timeoutMs, maxQueued = queueLength, ownThread = false } = options;
    const plugin = new RemotePlugin(this, request, loaded, { timeoutMs, maxQueued, ownThread });
    this.#plugins.add(plugin);
    return plugin;
  }

  #unloadLate(outcome: unknown): void {
    const { plugin } = (outcome ?? {}) as Partial<LoadedPackage>;
    if (plugin === undefined || this.connection.failure !== undefined) return;
    const unload = new ServerCall(this.connection, serverMethod.unload, [plugin, []]).ended(stopLoadMs);
    this.#lateUnloads.add(unload);
    void unload.then(() => this.#lateUnloads.delete(unload));
  }

  #connect(): Promise<ServerConnection> {
    this.#connected ??= this.#openConnection();
    return this.#connected;
  }

  async #openConnection(): Promise<ServerConnection> {
    const connection = new ServerConnection(this.#setup.connect(), this.#setup);
    this.#connection = connection;
    connection.onChange = () => this.#onChange(connection);
    await connection.greet({ threads: this.#threads, spareThreads: this.#spareThreads });
    return connection;
  }

  #onChange({ failure }: ServerConnection): void {
    const obstacle = this.obstacle();
    if (obstacle === undefined) return;
    for (const plugin of this.#plugins) {
      if (failure === undefined) plugin.giveUpAll(() => obstacle);
      else plugin.lost(failure);
    }
  }

  async #close(options: CloseOptions | undefined): Promise<void> {
    const loads = [...this.#loads];
    for (const call of loads) call.giveUp(hostClosed('was closed before loading was done'));
    await Promise.all([...this.#plugins].map((plugin) => plugin.close(options)));
    // What came of them all the same is unloaded before the server ends.
    await Promise.all(loads.map((call) => call.ended(stopLoadMs)));
    await Promise.all(this.#lateUnloads);
    const connection = await this.#connected?.catch(() => undefined);
    if (connection === undefined) return;
    const { onOutput } = this.#setup;
    if (onOutput !== undefined && connection.failure === undefined) {
      const rest = await new ServerCall(connection, serverMethod.endCapture, []).ended(lastWordsMs);
      passOn((rest ?? []) as readonly OutputLine[], onOutput);
    }
    connection.close();
  }

  #checkOpen({ plugin }: LoadRequest): void {
    if (this.#closing !== undefined) throw hostClosed(`is closed and cannot load ${plugin}`);
  }

  #stuckPlugins(): string {
    return [...this.#plugins]
      .filter((plugin) => plugin.tally.stillRunning > 0)
      .map((plugin) => plugin.name)
      .join(', ');
  }
}

function gaveUpLoading(request: LoadRequest, why: GivenUp, timeoutMs: number, place: unknown): FidiusError {
  if (why.by === 'signal') return loadAborted(request, why.reason);
  const [stoodAt, calledFrom] = (place ?? []) as readonly (CodePlace | null)[];
  return new LoadTimeoutError(request, request.totalTimeoutMs ?? timeoutMs, {
    stoodAt: stoodAt ?? undefined,
    calledFrom: calledFrom ?? undefined,
    waited: place !== undefined && stoodAt === null,
  });
}
