import {
  type CloseOptions,
  type Executor,
  type ExecutorPlugin,
  type ExecutorStats,
  hostClosed,
  type LoadOptions,
  type LoadRequest,
  loadAborted,
} from '../executor.ts';
import { checkExecutorOptions, checkLoadOptions, type ExecutorOptions } from '../executor-options.ts';
import { type ChildPython, findChildPython, type HostPython } from './child-python.ts';
import {
  checkProcessOptions,
  type ProcessOptions,
  type ProcessSettings,
  toProcessSettings,
} from './process-options.ts';
import { ProcessPlugin, type ProcessPluginOwner } from './process-plugin.ts';
import { SupervisedChild } from './supervised-child.ts';

/** Runs plugins in child processes. No shared library of Python and no FFI is used in this process. */
export class ProcessExecutor implements Executor, ProcessPluginOwner {
  readonly name = 'process';
  readonly #options: ExecutorOptions;
  readonly #host: HostPython;
  readonly #children = new Set<SupervisedChild>();
  readonly #groups = new Map<string, SupervisedChild>();
  readonly #plugins = new Set<ProcessPlugin>();
  #closing: Promise<void> | undefined;

  /** @throws FidiusError `FIDIUS_OPTION_INVALID`, `FIDIUS_OPTION_UNKNOWN`. */
  constructor(options: ExecutorOptions = {}, host: HostPython = {}) {
    checkExecutorOptions(options);
    this.#options = options;
    this.#host = host;
  }

  /** The interpreter that a load with these options uses. @throws the codes of finding Python. */
  findPython(options: ProcessOptions | undefined): ChildPython {
    checkProcessOptions(options);
    const { python } = toProcessSettings(options, this.#options.process);
    return findChildPython(python, this.#host);
  }

  async load(request: LoadRequest, options: LoadOptions = {}): Promise<ExecutorPlugin> {
    checkLoadOptions(options);
    const { signal } = options;
    if (signal?.aborted === true) throw loadAborted(request, signal.reason);
    this.#checkOpen(request);
    const settings = toProcessSettings(options.process, this.#options.process);
    const children = this.#childrenFor(settings);
    const plugin = new ProcessPlugin(this, children, request, options);
    this.#plugins.add(plugin);
    try {
      await plugin.load();
      this.#checkOpen(request);
      return plugin;
    } catch (error) {
      await plugin.close({ mode: 'abort' });
      throw error;
    }
  }

  stats(): ExecutorStats {
    const parts = [...this.#children].flatMap((child) => child.serverStats() ?? []);
    const sum = (name: 'threads' | 'stuckThreads' | 'queued' | 'running') =>
      parts.reduce((total, part) => total + part[name], 0);
    return {
      executor: this.name,
      threads: sum('threads'),
      stuckThreads: sum('stuckThreads'),
      queued: sum('queued'),
      running: sum('running'),
    };
  }

  close(options?: CloseOptions): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async release(plugin: ProcessPlugin, children: readonly SupervisedChild[], options: CloseOptions): Promise<void> {
    this.#plugins.delete(plugin);
    const unused = children.filter((child) => child.isUnused);
    for (const child of unused) {
      this.#children.delete(child);
      for (const [group, each] of this.#groups) if (each === child) this.#groups.delete(group);
    }
    await Promise.all(unused.map((child) => child.close(options)));
  }

  #childrenFor(settings: ProcessSettings): readonly SupervisedChild[] {
    const { group, instances } = settings;
    const known = group === undefined ? undefined : this.#groups.get(group);
    if (known !== undefined) return [known];
    const python = findChildPython(settings.python, this.#host);
    const children = Array.from({ length: instances }, () => new SupervisedChild(python, settings, this.#options));
    for (const child of children) this.#children.add(child);
    if (group !== undefined) this.#groups.set(group, children[0] as SupervisedChild);
    return children;
  }

  async #close(options: CloseOptions | undefined): Promise<void> {
    // Loads that have not ended fail, because their process is closed.
    await Promise.all([...this.#plugins].map((plugin) => plugin.close(options)));
    await Promise.all([...this.#children].map((child) => child.close(options)));
    this.#children.clear();
  }

  #checkOpen({ plugin }: LoadRequest): void {
    if (this.#closing !== undefined) throw hostClosed(`is closed and cannot load ${plugin}`);
  }
}
