import type { MethodDescriptor } from '../../codec/descriptor.ts';
import type { CallableMethod } from '../../codec/method-codec.ts';
import { atCall } from '../../errors/call-place.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { ProcessError } from '../../errors/process-error.ts';
import { now } from '../../node/timers.ts';
import { checkStreams, notCallableError, pluginClosed } from '../../protocol/call-errors.ts';
import type { LoadedPackage, MethodKind } from '../../protocol/load-outcome.ts';
import { unlessCancelled } from '../cancellation-watch.ts';
import type {
  CallOptions,
  CloseOptions,
  ExecutorPlugin,
  LoadOptions,
  LoadRequest,
  PluginStats,
  StreamOptions,
} from '../executor.ts';
import { ResultStream } from '../result-stream.ts';
import { addStats, noCalls } from './add-stats.ts';
import { Instance, type InstanceOwner } from './plugin-instance.ts';
import type { SupervisedChild } from './supervised-child.ts';
import { SuspectCalls } from './suspect-calls.ts';
import { cancelledError, encodeNow, WaitingCalls } from './waiting-calls.ts';

/** What a plugin needs from the executor that loaded it. */
export interface ProcessPluginOwner {
  /** A plugin is closed: ends the processes that no other plugin uses. */
  release(plugin: ProcessPlugin, children: readonly SupervisedChild[], options: CloseOptions): Promise<void>;
}

interface StreamWaiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const noOptions: CallOptions = {};
const queueLength = 16_384;

/** A plugin in one or more child processes. It stays the same when they are started again. */
export class ProcessPlugin implements ExecutorPlugin, InstanceOwner {
  readonly executor = 'process';
  readonly name: string;
  readonly #owner: ProcessPluginOwner;
  readonly #request: LoadRequest;
  readonly #options: LoadOptions;
  readonly #instances: readonly Instance[];
  readonly #waiting = new WaitingCalls();
  /** Streams that wait for a process. */
  readonly #streams = new Set<StreamWaiter>();
  /** Ends the waiting for a process, while calls wait. */
  #endWait: (() => void) | undefined;
  #lastLoaded: ExecutorPlugin | undefined;
  /** Figures of processes that have ended. */
  #past: PluginStats = noCalls;
  #failure: FidiusError | undefined;
  #closing: Promise<void> | undefined;
  /** The instance that received the last call, so that idle ones take turns. */
  #last = 0;

  constructor(
    owner: ProcessPluginOwner,
    children: readonly SupervisedChild[],
    request: LoadRequest,
    options: LoadOptions,
  ) {
    this.#owner = owner;
    this.#request = request;
    this.#options = options;
    this.name = request.plugin;
    const { refusal } = (children[0] as SupervisedChild).settings;
    const guard = new SuspectCalls(refusal, now);
    this.#instances = children.map((child) => new Instance(child, request, options, guard, this));
  }

  /** Loads the plugin into all of its processes. @throws what loading throws. */
  async load(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.load()));
  }

  get file(): string {
    return this.#loaded.file;
  }

  get methods(): readonly MethodKind[] {
    return this.#loaded.methods;
  }

  get parameters(): LoadedPackage['parameters'] {
    return this.#loaded.parameters;
  }

  get external(): LoadedPackage['external'] {
    return this.#loaded.external;
  }

  async call(method: CallableMethod, args: readonly unknown[], options: CallOptions = noOptions): Promise<unknown> {
    const instance = this.#pick();
    const current = instance?.current;
    if (current === undefined) {
      try {
        return await this.#wait(method, args, options);
      } catch (error) {
        throw atCall(error, this.name, this.#request.descriptor.methods[method.index]?.name);
      }
    }
    const result = current.call(method, args, options);
    instance?.child.called();
    return result;
  }

  stream(method: CallableMethod, args: readonly unknown[], options: StreamOptions = noOptions): ResultStream {
    const declared = this.#request.descriptor.methods[method.index];
    this.#checkExists(method);
    checkStreams(this.name, declared as MethodDescriptor, { input: options.input !== undefined, stream: true });
    const encoded = encodeNow(method, args);
    const title = `${declared?.name}() of ${this.name}`;
    // Its process may be another one when the first item is asked for.
    return new ResultStream(title, async () => {
      const instance = await this.#readyInstance(title, options);
      instance.child.called();
      const stream = (instance.current as ExecutorPlugin).stream(encoded, [], options);
      return {
        next: () => stream.next(),
        return: async () => void (await stream.return()),
        abandon: () => void stream.return(),
      };
    });
  }

  sync(): never {
    if (this.#closing !== undefined) throw pluginClosed(this.name);
    throw new FidiusError(
      'FIDIUS_CALL_SYNC',
      `Plugin ${this.name} runs in another process and cannot be called on this thread: Node.js cannot wait for an answer without its event loop`,
      { hint: 'Use `client`, or load it with the executor "inline" or "thread".' },
    );
  }

  async restart(): Promise<void> {
    if (this.#closing !== undefined) throw pluginClosed(this.name);
    // One after the other, so that the others answer.
    for (const { child } of this.#instances) await child.renew();
  }

  stats(): PluginStats {
    const parts = this.#instances.flatMap((instance) => instance.plugins().map((plugin) => plugin.stats()));
    const waiting = { ...noCalls, queued: this.#waiting.count, cancelled: this.#waiting.cancelled };
    const processes = this.#instances.map(({ child }) => child.stats());
    return { ...addStats([this.#past, waiting, ...parts]), processes };
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  attached(): void {
    this.#failure = undefined;
    this.#lastLoaded = this.#instances.find(({ current }) => current !== undefined)?.current ?? this.#lastLoaded;
    this.#waiting.send(() => this.#pick()?.current as ExecutorPlugin);
    for (const { resolve } of this.#takeStreams()) resolve();
  }

  detached(last: PluginStats): void {
    this.#past = addStats([this.#past, { ...last, queued: 0, running: 0 }]);
  }

  failed(error: FidiusError): void {
    if (this.#instances.some((instance) => !instance.hasFailed)) return;
    this.#failure = error;
    this.#waiting.reject(() => error);
    for (const { reject } of this.#takeStreams()) reject(error);
  }

  get #loaded(): ExecutorPlugin {
    if (this.#lastLoaded === undefined) throw new TypeError('the plugin is not loaded');
    return this.#lastLoaded;
  }

  /** The instance with the fewest calls. */
  #pick(): Instance | undefined {
    const { length } = this.#instances;
    if (length === 1) return this.#instances[0];
    let best: Instance | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    this.#last = (this.#last + 1) % length;
    for (let step = 0; step < length; step += 1) {
      const instance = this.#instances[(this.#last + step) % length] as Instance;
      if (instance.current === undefined) continue;
      const { queued, running } = instance.current.stats();
      if (queued + running >= fewest) continue;
      best = instance;
      fewest = queued + running;
    }
    return best;
  }

  #checkExists({ index, codec }: CallableMethod): void {
    const { descriptor } = this.#request;
    if (descriptor.methods[index]?.wireRaw !== codec.wireRaw || this.methods[index] === 'absent') {
      throw notCallableError(this.name, descriptor, index, codec.wireRaw);
    }
  }

  /** An instance whose process is ready, as soon as there is one. */
  async #readyInstance(title: string, options: StreamOptions): Promise<Instance> {
    for (let instance = this.#pick(); ; instance = this.#pick()) {
      if (instance?.current !== undefined) return instance;
      this.#checkWait(title, options);
      const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
      let waiter: StreamWaiter | undefined;
      const attached = new Promise<void>((resolve, reject) => {
        waiter = { resolve, reject };
        this.#streams.add(waiter);
      });
      this.#awaitProcess();
      try {
        await unlessCancelled(attached, signal, timeoutMs, (reason) => cancelledError(title, reason, timeoutMs));
      } finally {
        if (waiter !== undefined) this.#streams.delete(waiter);
        this.#endWaitIfDone();
      }
    }
  }

  /** A call that is made while no process is ready. */
  #wait(method: CallableMethod, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    const { descriptor } = this.#request;
    this.#checkExists(method);
    const title = `${descriptor.methods[method.index]?.name}() of ${this.name}`;
    this.#checkWait(title, options);
    const { timeoutMs = this.#options.timeoutMs } = options;
    const result = this.#waiting.add(title, method, args, { ...options, timeoutMs });
    this.#awaitProcess();
    void result.catch(() => {}).then(() => this.#endWaitIfDone());
    return result;
  }

  /** Refuses a call that must not wait. */
  #checkWait(title: string, options: CallOptions): void {
    if (this.#closing !== undefined) throw pluginClosed(this.name);
    const failure = this.#failure;
    if (failure !== undefined)
      throw failure instanceof ProcessError ? failure.concerning(`${title} failed`, false) : failure;
    if (options.signal?.aborted === true) {
      const { reason } = options.signal;
      throw new FidiusError('FIDIUS_CALL_ABORTED', `${title} was aborted before it started`, { cause: reason });
    }
    if ((this.#instances[0] as Instance).child.refusesCalls) throw restarting(title);
    if (this.#waiting.count >= (this.#options.maxQueued ?? queueLength)) throw queueFull(title, this.#waiting.count);
  }

  #takeStreams() {
    const streams = [...this.#streams];
    this.#streams.clear();
    return streams;
  }

  #awaitProcess(): void {
    if (this.#endWait !== undefined) return;
    const ends = this.#instances.map(({ child }) => child.awaitProcess());
    this.#endWait = () => {
      for (const end of ends) end();
    };
  }

  #endWaitIfDone(): void {
    if (this.#waiting.count + this.#streams.size > 0) return;
    this.#endWait?.();
    this.#endWait = undefined;
  }

  async #close(options: CloseOptions): Promise<void> {
    this.#waiting.reject(() => pluginClosed(this.name));
    for (const { reject } of this.#takeStreams()) reject(pluginClosed(this.name));
    for (const { child, hasFailed } of this.#instances) if (hasFailed) await child.close({ mode: 'abort' });
    await Promise.all(this.#instances.map((instance) => instance.close(options)));
    const children = this.#instances.map(({ child }) => child);
    await this.#owner.release(this, children, options);
  }
}

function restarting(title: string): ProcessError {
  const data = { pid: undefined, exitCode: undefined, signal: undefined, stderrTail: '', mayHaveRun: false };
  return new ProcessError(
    'FIDIUS_PROCESS_RESTARTING',
    `Cannot call ${title}: its process is being started again`,
    data,
    {
      hint: 'Call it again later, or load the plugin with `process: { whileRestarting: "wait" }`.',
    },
  );
}

function queueFull(title: string, count: number): FidiusError {
  return new FidiusError(
    'FIDIUS_QUEUE_FULL',
    `Cannot call ${title}: ${count} calls of this plugin are waiting, which is the limit`,
    { hint: 'Make calls only as fast as they are answered, or load the plugin with a larger `maxQueued`.' },
  );
}
