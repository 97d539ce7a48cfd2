import type { FidiusError } from '../../errors/fidius-error.ts';
import type { CloseOptions, ExecutorPlugin, LoadOptions, LoadRequest, PluginStats } from '../executor.ts';
import type { Member, SupervisedChild } from './supervised-child.ts';
import type { SuspectCalls } from './suspect-calls.ts';

/** The plugin that an instance is one of. */
export interface InstanceOwner {
  /** One of its processes has loaded it. */
  attached(): void;
  /** One of its processes has ended. */
  detached(last: PluginStats): void;
  /** One of its processes is not started again. */
  failed(error: FidiusError): void;
}

/** A plugin in one process. */
export class Instance implements Member {
  readonly child: SupervisedChild;
  readonly request: LoadRequest;
  readonly options: LoadOptions;
  readonly guard: SuspectCalls;
  readonly #plugin: InstanceOwner;
  /** The plugin at the running process. */
  current: ExecutorPlugin | undefined;
  readonly #retired = new Set<ExecutorPlugin>();
  hasFailed = false;

  constructor(
    child: SupervisedChild,
    request: LoadRequest,
    options: LoadOptions,
    guard: SuspectCalls,
    plugin: InstanceOwner,
  ) {
    this.child = child;
    this.request = request;
    this.options = options;
    this.guard = guard;
    this.#plugin = plugin;
  }

  async load(): Promise<void> {
    this.attached(await this.child.load(this));
  }

  attached(plugin: ExecutorPlugin, drained?: Promise<void>): void {
    const old = this.current;
    this.current = plugin;
    this.hasFailed = false;
    if (old !== undefined && drained !== undefined) void this.#retire(old, drained);
    this.#plugin.attached();
  }

  /** The plugin at the running process, and at processes that it has replaced and that finish their calls. */
  plugins(): readonly ExecutorPlugin[] {
    return this.current === undefined ? [...this.#retired] : [this.current, ...this.#retired];
  }

  detached(): void {
    const { current } = this;
    this.current = undefined;
    if (current !== undefined) this.#plugin.detached(current.stats());
  }

  failed(error: FidiusError): void {
    this.hasFailed = true;
    this.#plugin.failed(error);
  }

  async #retire(old: ExecutorPlugin, drained: Promise<void>): Promise<void> {
    this.#retired.add(old);
    await drained;
    this.#retired.delete(old);
    this.#plugin.detached(old.stats());
  }

  async close(options: CloseOptions): Promise<void> {
    this.child.remove(this);
    await this.current?.close(options);
  }
}
