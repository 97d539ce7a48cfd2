import type { CallableMethod, ItemCodec } from '../../codec/method-codec.ts';
import { acquireWriter, encodeArguments, releaseWriter } from '../../codec/pickle/encode-value.ts';
import { atCall } from '../../errors/call-place.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { checkSignal, checkTimeout } from '../../errors/options.ts';
import { clearTimeout, now, setTimeout } from '../../node/timers.ts';
import { checkStreams, notCallableError, pluginClosed } from '../../protocol/call-errors.ts';
import type { LoadedPackage, MethodKind } from '../../protocol/load-outcome.ts';
import { CallCounters } from '../call-counters.ts';
import type {
  CallOptions,
  CloseOptions,
  ExecutorName,
  ExecutorPlugin,
  LoadRequest,
  PluginStats,
  StreamOptions,
  SyncCalls,
} from '../executor.ts';
import type { ExecutorOptions } from '../executor-options.ts';
import { HandleCalls, type SyncHandle } from '../handle-calls.ts';
import { currentHostCall, isLoopBlocked } from '../host-call-chain.ts';
import { ResultStream } from '../result-stream.ts';
import { ArgumentItems } from './argument-items.ts';
import { CallConversation } from './call-conversation.ts';
import { CallQueue } from './call-queue.ts';
import type { HostFunctionUser } from './host-call-router.ts';
import { ResultItems } from './result-items.ts';
import { type CallContext, type CallGuard, ServerCall, traceRefusal } from './server-call.ts';
import type { ServerConnection } from './server-connection.ts';
import { encodeTraceContext } from './trace-header.ts';

/** What a plugin needs from the executor that loaded it. */
export interface PluginOwner {
  readonly name: ExecutorName;
  /** Why no call can be made now; `undefined` if calls can be made. */
  unavailableReason(connection: ServerConnection): FidiusError | undefined;
  /** Creates the handle for calls on this thread; `undefined` if the server runs in another process. */
  createHandle(loaded: LoadedPackage, request: LoadRequest): SyncHandle | undefined;
  /** Unloads the plugin at its server, and waits at most this long. Never rejects. */
  unload(plugin: ServerPlugin, timeoutMs: number): Promise<void>;
}

interface PluginLimits {
  readonly timeoutMs: number | undefined;
  readonly maxQueued: number;
  readonly ownThread: boolean;
  readonly guard: CallGuard | undefined;
  readonly traceContext: ExecutorOptions['traceContext'];
}

/** How long closing waits for calls to finish, and how long for cancelled calls to stop, in milliseconds. */
const drainMs = 10_000;
const abortMs = 1000;

const noOptions: CallOptions = {};

/** A plugin at a call server, in this process or in another. */
export class ServerPlugin implements ExecutorPlugin, CallContext {
  readonly executor: ExecutorName;
  readonly plugin: string;
  readonly interfaceName: string;
  readonly file: string;
  readonly methods: readonly MethodKind[];
  readonly external: LoadedPackage['external'];
  readonly parameters: LoadedPackage['parameters'];
  readonly number: number;
  readonly connection: ServerConnection;
  readonly queue: CallQueue;
  readonly counters = new CallCounters();
  readonly guard: CallGuard | undefined;
  readonly traceHeader: CallContext['traceHeader'];
  unsettled = 0;
  readonly #owner: PluginOwner;
  readonly #request: LoadRequest;
  readonly #loaded: LoadedPackage;
  readonly #timeoutMs: number | undefined;
  readonly #ownThread: boolean;
  /** Identifies it as one that calls host functions; `undefined` if it may not. */
  readonly #hostFunctions: HostFunctionUser | undefined;
  #handle: SyncHandle | undefined;
  #syncCalls: SyncCalls | undefined;
  #closing: Promise<void> | undefined;
  #onProgress: (() => void) | undefined;

  constructor(
    owner: PluginOwner,
    connection: ServerConnection,
    request: LoadRequest,
    loaded: LoadedPackage,
    limits: PluginLimits,
    hostFunctions?: HostFunctionUser,
  ) {
    this.#hostFunctions = hostFunctions;
    this.#owner = owner;
    this.#request = request;
    this.#loaded = loaded;
    this.#timeoutMs = limits.timeoutMs;
    this.#ownThread = limits.ownThread;
    this.guard = limits.guard;
    const { traceContext } = limits;
    this.traceHeader = traceContext && (() => encodeTraceContext(traceContext));
    this.executor = owner.name;
    this.connection = connection;
    this.plugin = request.plugin;
    this.interfaceName = request.descriptor.interfaceName;
    this.file = loaded.file;
    this.methods = loaded.methods;
    this.external = loaded.external;
    this.parameters = loaded.parameters;
    this.number = loaded.plugin;
    this.queue = new CallQueue(limits.maxQueued);
  }

  get name(): string {
    return this.plugin;
  }

  call(method: CallableMethod, args: readonly unknown[], options: CallOptions = noOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#checkExists(method, options, false);
      const writer = acquireWriter();
      try {
        const timeoutMs = this.#admit(method, options);
        writer.begin();
        method.codec.writeArguments(writer, args);
        const payload = writer.finish();
        // Reading arguments runs code of the caller, such as getters, which may close the plugin or abort the call.
        this.#checkWanted(method, options.signal);
        const refusal = this.guard?.refusal(method.index, payload, `${this.nameOf(method)}() of ${this.plugin}`);
        if (refusal !== undefined) throw refusal;
        const input = options.input === undefined ? undefined : this.#readInput(method, options.input);
        const conversation = input && new CallConversation(input, undefined);
        const { signal, onProgress } = options;
        const limits = { signal, timeoutMs, onProgress };
        new ServerCall(this, method, limits, payload.length, resolve, reject, conversation).begin(payload);
      } catch (reason) {
        const error = atCall(reason, this.plugin, this.#request.descriptor.methods[method.index]?.name);
        traceRefusal(this, method, error);
        throw error;
      } finally {
        releaseWriter(writer);
      }
    });
  }

  stream(method: CallableMethod, args: readonly unknown[], options: StreamOptions = noOptions): ResultStream {
    this.#checkExists(method, options, true);
    const payload = encodeArguments(method, args);
    return new ResultStream(`${this.nameOf(method)}() of ${this.plugin}`, () =>
      this.#openStream(method, payload, options),
    );
  }

  /** Makes the call of a stream. */
  #openStream(method: CallableMethod, payload: Uint8Array, options: StreamOptions): ResultItems {
    try {
      this.#admit(method, options);
      const refusal = this.guard?.refusal(method.index, payload, `${this.nameOf(method)}() of ${this.plugin}`);
      if (refusal !== undefined) throw refusal;
      const { window, input: source } = options;
      const input = source === undefined ? undefined : this.#readInput(method, source);
      const items = new ResultItems(method.codec.items as ItemCodec, window);
      const conversation = new CallConversation(input, items);
      // The time limit of the load is for calls that return: a stream may go on for as long as the plugin is open.
      const settle = [() => items.end(), (error: unknown) => items.fail(error)] as const;
      new ServerCall(this, method, options, payload.length, ...settle, conversation).begin(payload);
      return items;
    } catch (reason) {
      const error = atCall(reason, this.plugin, this.nameOf(method));
      traceRefusal(this, method, error);
      throw error;
    }
  }

  #readInput(method: CallableMethod, source: unknown): ArgumentItems {
    return new ArgumentItems(source, method.codec.items as ItemCodec, `${this.nameOf(method)}() of ${this.plugin}`);
  }

  nameOf({ index }: CallableMethod): string {
    return this.#request.descriptor.methods[index]?.name ?? String(index);
  }

  sync(): SyncCalls | undefined {
    if (this.#closing !== undefined) throw pluginClosed(this.plugin);
    if (this.#ownThread) return undefined;
    this.#handle ??= this.#owner.createHandle(this.#loaded, this.#request);
    if (this.#handle !== undefined) this.#syncCalls ??= new HandleCalls(this.#handle);
    return this.#syncCalls;
  }

  stats(): PluginStats {
    return this.counters.toStats(this.queue.queued, this.queue.sent);
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  onProgress(): void {
    this.#onProgress?.();
  }

  /** Cancels all calls that are not settled. */
  cancelAll(reason: () => FidiusError): void {
    for (const call of [...this.queue.waiting(), ...this.connection.pending()]) {
      if (call instanceof ServerCall && call.context === this) call.cancel(reason());
    }
  }

  /** The connection has ended: the waiting calls will never be sent. */
  lost(error: FidiusError): void {
    for (const call of this.queue.waiting()) (call as ServerCall).lost(error);
  }

  async #close({ mode = 'drain', timeoutMs = mode === 'drain' ? drainMs : abortMs }: CloseOptions): Promise<void> {
    this.#handle?.forget();
    let left = timeoutMs;
    if (mode === 'drain') {
      const drained = await this.#until(() => this.unsettled === 0, timeoutMs);
      left = drained ? timeoutMs : abortMs;
    }
    this.cancelAll(() => this.#cancelledByClosing());
    const started = now();
    await this.#until(() => this.queue.sent === 0, left);
    const user = this.#hostFunctions;
    if (user !== undefined) this.connection.hostCalls.remove(user);
    await this.#owner.unload(this, Math.max(left - (now() - started), 100));
  }

  /** Waits until a condition holds that settled and answered calls change; returns false after a timeout. */
  async #until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return true;
    this.connection.ref();
    try {
      return await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), timeoutMs);
        this.#onProgress = () => {
          if (!condition()) return;
          clearTimeout(timer);
          resolve(true);
        };
      });
    } finally {
      this.#onProgress = undefined;
      this.connection.unref();
    }
  }

  #checkExists({ index, codec }: CallableMethod, { input }: CallOptions, stream: boolean): void {
    const { descriptor } = this.#request;
    const method = descriptor.methods[index];
    if (method === undefined || method.wireRaw !== codec.wireRaw || this.methods[index] === 'absent') {
      throw notCallableError(this.plugin, descriptor, index, codec.wireRaw);
    }
    checkStreams(this.plugin, method, { input: input !== undefined, stream });
  }

  /** Rejects a call that must not start. @returns its time limit in milliseconds. */
  #admit(method: CallableMethod, options: CallOptions): number | undefined {
    const { signal } = options;
    if (options !== noOptions) {
      checkTimeout('timeoutMs', options.timeoutMs);
      checkSignal(signal);
    }
    if (this.#closing !== undefined) throw pluginClosed(this.plugin);
    const reason = this.#owner.unavailableReason(this.connection);
    if (reason !== undefined) throw reason;
    this.#checkWanted(method, signal);
    if (this.#hostFunctions !== undefined) this.#checkReentrant(method, this.#hostFunctions);
    return options.timeoutMs ?? this.#timeoutMs;
  }

  /** Refuses a call by a host function for which the event loop that would run it waits. */
  #checkReentrant(method: CallableMethod, user: HostFunctionUser): void {
    if (!isLoopBlocked(currentHostCall(), user) || !this.#runsOnLoop(method)) return;
    throw new FidiusError(
      'FIDIUS_CALL_REENTRANT',
      `${this.nameOf(method)}() of ${this.plugin} cannot be called by this host function: the thread that would run it waits for the function`,
      { hint: 'Have the plugin call the host function with `await`, by its `…_async()`.' },
    );
  }

  #runsOnLoop({ index }: CallableMethod): boolean {
    const kind = this.methods[index];
    return this.#ownThread || kind === 'coroutine' || kind === 'asyncGenerator';
  }

  #checkWanted(method: CallableMethod, signal: AbortSignal | undefined): void {
    if (this.#closing !== undefined) throw pluginClosed(this.plugin);
    if (signal?.aborted !== true) return;
    this.counters.cancelled += 1;
    throw new FidiusError(
      'FIDIUS_CALL_ABORTED',
      `${this.nameOf(method)}() of ${this.plugin} was aborted before it started`,
      {
        cause: signal.reason,
      },
    );
  }

  #cancelledByClosing(): FidiusError {
    return new FidiusError('FIDIUS_PLUGIN_CLOSED', `Plugin ${this.plugin} was closed before the call was done`, {
      hint: 'Close it with `mode: "drain"` and more time, or await its calls first.',
    });
  }
}
