import { FidiusError } from '../../errors/fidius-error.ts';
import { type CodePlace, LoadTimeoutError } from '../../errors/load-error.ts';
import { now } from '../../node/timers.ts';
import { serverMethod } from '../../protocol/frames.ts';
import { type LoadedPackage, readLoadOutcome } from '../../protocol/load-outcome.ts';
import { toLoadRecord } from '../../protocol/load-request.ts';
import { type CancelReason, unlessCancelled } from '../cancellation-watch.ts';
import {
  type CloseOptions,
  type Executor,
  type ExecutorName,
  type ExecutorPlugin,
  type ExecutorStats,
  hostClosed,
  type LoadOptions,
  type LoadRequest,
  loadAborted,
} from '../executor.ts';
import { checkExecutorOptions, checkLoadOptions, defaultThreads, type ExecutorOptions } from '../executor-options.ts';
import type { SyncHandle } from '../handle-calls.ts';
import { deliverLines, type OutputLine } from '../output.ts';
import type { HostFunctionUser } from './host-call-router.ts';
import type { CallGuard } from './server-call.ts';
import { ServerConnection, type ServerProcessSettings } from './server-connection.ts';
import { type PluginOwner, ServerPlugin } from './server-plugin.ts';
import { ServerRequest } from './server-request.ts';
import type { Connect } from './transport.ts';

interface ServerSetup extends ExecutorOptions {
  readonly name: ExecutorName;
  /** Starts a server. Called by the first load, or by every load. */
  readonly connect: Connect;
  /** Whether each plugin has a separate server. Default: `false`, one server for all. */
  readonly serverPerPlugin?: boolean | undefined;
  /** Settings of the process of the server, if it has its own. */
  readonly processSettings?: ServerProcessSettings | undefined;
  /** Called when a connection has ended, before {@link close} or because of it. */
  onEnd?(failure: FidiusError): void;
  /** Creates a handle for calls on this thread; absent if the server runs in another process. */
  createHandle?(loaded: LoadedPackage, request: LoadRequest): SyncHandle;
  /** Addresses of references that handles have released, for the server; absent if it runs in another process. */
  surrender?(): readonly number[];
}

const loadTimeoutMs = 60_000;
/** How long closing waits for an import to stop, and for one that did not stop to be undone, in milliseconds. */
const stopLoadMs = 1000;
const queueLength = 16_384;
/** How long closing waits for the last lines of output, in milliseconds. */
const lastOutputMs = 1000;

/** Runs plugins at call servers. Where these run is known only to the transport. */
export class ServerExecutor implements Executor, PluginOwner {
  readonly name: ExecutorName;
  readonly #setup: ServerSetup;
  readonly #threads: number;
  readonly #spareThreads: number;
  readonly #plugins = new Set<ServerPlugin>();
  /** Loads that Python has not ended yet. */
  readonly #loads = new Set<ServerRequest>();
  readonly #lateUnloads = new Set<Promise<unknown>>();
  readonly #connections = new Set<ServerConnection>();
  /** The connection of all plugins, unless each has its own. */
  #shared: ServerConnection | undefined;
  /** Why the shared server could not be started. */
  #startFailure: unknown;
  #closing: Promise<void> | undefined;

  /** @throws FidiusError `FIDIUS_OPTION_INVALID`. */
  constructor(setup: ServerSetup) {
    checkExecutorOptions(setup);
    const { name, threads = defaultThreads, spareThreads = defaultThreads } = setup;
    this.name = name;
    this.#setup = setup;
    this.#threads = threads;
    this.#spareThreads = spareThreads;
  }

  /** @param guard knows calls of the plugin that must not be sent. */
  async load(request: LoadRequest, options: LoadOptions = {}, guard?: CallGuard): Promise<ExecutorPlugin> {
    checkLoadOptions(options);
    const { signal, maxConcurrent = null, ownThread = false } = options;
    const timeoutMs = options.loadTimeoutMs ?? loadTimeoutMs;
    const endAt = now() + timeoutMs;
    if (signal?.aborted === true) throw loadAborted(request, signal.reason);
    this.#checkOpen(request);
    const connection = this.#connection();
    const { hostFunctions } = request;
    const user = hostFunctions && connection.hostCalls.add(request.plugin, hostFunctions);
    let plugin: ServerPlugin | undefined;
    try {
      await this.#untilReady(connection, request, signal, timeoutMs);
      const record = toLoadRecord(request, { maxConcurrent }, ownThread, user?.key);
      const loaded = await this.#load(connection, request, record, signal, timeoutMs, Math.max(1, endAt - now()));
      plugin = this.#adopt(connection, request, loaded, options, guard, user);
      return plugin;
    } finally {
      if (plugin === undefined) {
        if (user !== undefined) connection.hostCalls.remove(user);
        this.#release(connection);
      }
    }
  }

  stats(): ExecutorStats {
    const pools = [...this.#connections].map(({ pool }) => pool);
    const plugins = [...this.#plugins].map((plugin) => plugin.stats());
    return {
      executor: this.name,
      threads: sum(pools.map(({ threads }) => threads)),
      stuckThreads: sum(pools.map(({ stuck }) => stuck)),
      queued: sum(plugins.map(({ queued }) => queued)),
      running: sum(plugins.map(({ running }) => running)),
    };
  }

  close(options?: CloseOptions): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  unavailableReason({ failure, pool }: ServerConnection): FidiusError | undefined {
    if (failure !== undefined) return failure;
    if (pool.stuck < this.#threads + this.#spareThreads) return undefined;
    return new FidiusError(
      'FIDIUS_POOL_STUCK',
      `All ${pool.stuck} threads are held by calls that were cancelled and cannot be stopped (${this.#stuckPlugins()})`,
      {
        hint: 'Have these methods return in time: code in C, or one that waits, cannot be interrupted in this process.',
      },
    );
  }

  createHandle(loaded: LoadedPackage, request: LoadRequest): SyncHandle | undefined {
    return this.#setup.createHandle?.(loaded, request);
  }

  /** Calls of plugins on this thread, which the shared server has not seen, have ended. */
  endSyncCalls(plugins: readonly string[]): void {
    const connection = this.#shared;
    if (connection === undefined || connection.failure !== undefined) return;
    void new ServerRequest(connection, serverMethod.endSyncCalls, [plugins]);
  }

  async unload(plugin: ServerPlugin, timeoutMs: number): Promise<void> {
    this.#plugins.delete(plugin);
    const { connection } = plugin;
    if (connection.failure === undefined) {
      const references = this.#setup.surrender?.() ?? [];
      await new ServerRequest(connection, serverMethod.unload, [plugin.number, references]).ended(timeoutMs);
    }
    if (this.#setup.serverPerPlugin === true) await this.#endServer(connection);
  }

  /** Waits for the handshake, within the limits of the load. */
  async #untilReady(
    connection: ServerConnection,
    request: LoadRequest,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<void> {
    connection.ref();
    try {
      await unlessCancelled(connection.ready, signal, timeoutMs, (reason) => {
        if (reason.by === 'signal') return loadAborted(request, reason.reason);
        return new LoadTimeoutError(request, request.totalTimeoutMs ?? timeoutMs, { phase: 'start' });
      });
    } finally {
      connection.unref();
    }
    this.#checkOpen(request);
    const reason = this.unavailableReason(connection);
    if (reason !== undefined) throw reason;
  }

  async #load(
    connection: ServerConnection,
    request: LoadRequest,
    record: unknown,
    signal: AbortSignal | undefined,
    timeoutMs: number,
    remainingMs: number,
  ): Promise<LoadedPackage> {
    if (signal?.aborted === true) throw loadAborted(request, signal.reason);
    const load = new ServerRequest(connection, serverMethod.load, [record]);
    this.#loads.add(load);
    try {
      const outcome = await load.result(signal, remainingMs, (reason, position) =>
        loadCancelled(request, reason, timeoutMs, position),
      );
      this.#checkOpen(request);
      return readLoadOutcome(outcome, request);
    } catch (error) {
      // Python may complete the import after the cancellation.
      void load.outcome.then((outcome) => this.#unloadLate(connection, outcome));
      throw error;
    } finally {
      // Not earlier: a cancelled import runs until Python has stopped it, and closing waits for that. A server that ends first
      // would leave the import running, and other loads waiting for it.
      void load.outcome.then(() => this.#loads.delete(load));
    }
  }

  #adopt(
    connection: ServerConnection,
    request: LoadRequest,
    loaded: LoadedPackage,
    options: LoadOptions,
    guard: CallGuard | undefined,
    user: HostFunctionUser | undefined,
  ): ServerPlugin {
    const { timeoutMs, maxQueued = queueLength, ownThread = false } = options;
    const limits = { timeoutMs, maxQueued, ownThread, guard, traceContext: this.#setup.traceContext };
    const plugin = new ServerPlugin(this, connection, request, loaded, limits, user);
    this.#plugins.add(plugin);
    return plugin;
  }

  #unloadLate(connection: ServerConnection, outcome: unknown): void {
    const { plugin } = (outcome ?? {}) as Partial<LoadedPackage>;
    if (plugin === undefined || connection.failure !== undefined) return;
    const unload = new ServerRequest(connection, serverMethod.unload, [plugin, []]).ended(stopLoadMs);
    this.#lateUnloads.add(unload);
    void unload.then(() => this.#lateUnloads.delete(unload));
  }

  /** The connection for a new plugin. @throws FidiusError `FIDIUS_EXECUTOR_FAILED`: again for a shared server. */
  #connection(): ServerConnection {
    if (this.#setup.serverPerPlugin === true) return this.#startServer();
    if (this.#startFailure !== undefined) throw this.#startFailure;
    try {
      this.#shared ??= this.#startServer();
    } catch (error) {
      this.#startFailure = error;
      throw error;
    }
    return this.#shared;
  }

  #startServer(): ServerConnection {
    const settings = { threads: this.#threads, spareThreads: this.#spareThreads, process: this.#setup.processSettings };
    const connection = new ServerConnection(this.#setup.connect, settings, this.#setup);
    connection.onChange = () => this.#onChange(connection);
    this.#connections.add(connection);
    return connection;
  }

  /** A load has failed: its server ends if no other plugin uses it. */
  #release(connection: ServerConnection): void {
    if (this.#setup.serverPerPlugin !== true) return;
    this.#connections.delete(connection);
    connection.close();
  }

  #onChange(connection: ServerConnection): void {
    const reason = this.unavailableReason(connection);
    if (reason === undefined) return;
    for (const plugin of this.#plugins) {
      if (plugin.connection !== connection) continue;
      if (connection.failure === undefined) plugin.cancelAll(() => reason);
      else plugin.lost(connection.failure);
    }
    if (connection.failure !== undefined) this.#setup.onEnd?.(connection.failure);
  }

  async #close(options: CloseOptions | undefined): Promise<void> {
    const loads = [...this.#loads];
    for (const load of loads) load.cancel(hostClosed('was closed before loading was done'));
    await Promise.all([...this.#plugins].map((plugin) => plugin.close(options)));
    // Loads that completed after their cancellation are unloaded before the server ends.
    await Promise.all(loads.map((load) => load.ended(stopLoadMs)));
    await Promise.all(this.#lateUnloads);
    await Promise.all([...this.#connections].map((connection) => this.#endServer(connection)));
  }

  async #endServer(connection: ServerConnection): Promise<void> {
    this.#connections.delete(connection);
    const { onOutput } = this.#setup;
    if (onOutput !== undefined && connection.isReady && connection.failure === undefined) {
      const lines = await new ServerRequest(connection, serverMethod.endCapture, []).ended(lastOutputMs);
      deliverLines((lines ?? []) as readonly OutputLine[], onOutput);
    }
    connection.close();
  }

  #checkOpen({ plugin }: LoadRequest): void {
    if (this.#closing !== undefined) throw hostClosed(`is closed and cannot load ${plugin}`);
  }

  #stuckPlugins(): string {
    return [...this.#plugins]
      .filter((plugin) => plugin.counters.stillRunning > 0)
      .map((plugin) => plugin.name)
      .join(', ');
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function loadCancelled(request: LoadRequest, reason: CancelReason, timeoutMs: number, position: unknown): FidiusError {
  if (reason.by === 'signal') return loadAborted(request, reason.reason);
  const [stoodAt, calledFrom] = (position ?? []) as readonly (CodePlace | null)[];
  return new LoadTimeoutError(request, request.totalTimeoutMs ?? timeoutMs, {
    stoodAt: stoodAt ?? undefined,
    calledFrom: calledFrom ?? undefined,
    waited: position !== undefined && stoodAt === null,
  });
}
