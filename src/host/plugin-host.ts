import { resolve } from 'node:path';
import { type Interface, isInterface } from '../contract/interface.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { checkTimeout } from '../errors/option-values.ts';
import { checkOptionNames, describe } from '../errors/options.ts';
import { checkCloseOptions } from '../executor/close-options.ts';
import { checkExecutorName, createExecutor } from '../executor/create-executor.ts';
import type {
  CloseOptions,
  Executor,
  ExecutorName,
  ExecutorStats,
  LoadOptions,
  PluginStats,
} from '../executor/executor.ts';
import { checkExecutorOptions, type ExecutorOptions } from '../executor/executor-options.ts';
import type { Interpreter } from '../python/interpreter.ts';
import { type StartOptions, startPython } from '../python/start.ts';
import { debugToStderr } from './debug.ts';
import { traceLoadAsync } from './diagnostics.ts';
import { type Discovery, discover, findPackage } from './find-package.ts';
import { checkPythonManifest } from './load-python-plugin.ts';
import { describePlugin, Plugin } from './plugin.ts';

export interface HostOptions extends StartOptions, ExecutorOptions {
  /** Folders whose subfolders are packages. Default: none. */
  readonly searchPaths?: readonly string[] | undefined;
  /** Where calls run unless a load says otherwise. Default: `thread`. */
  readonly executor?: ExecutorName | undefined;
  /** Milliseconds that a call may take, unless its plugin or the call itself says otherwise. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds that a load may take, unless it says otherwise. Default: 60,000. */
  readonly loadTimeoutMs?: number | undefined;
}

/** Figures of a host at one moment. */
export interface HostStats {
  /** One for each executor that was used so far. */
  readonly executors: readonly ExecutorStats[];
  /** One for each plugin that is loaded, by name; in the order of loading. */
  readonly plugins: readonly (PluginStats & { readonly plugin: string })[];
}

export interface HostLoadOptions extends LoadOptions {
  /** Where the calls of this plugin run. Default: as the host says. */
  readonly executor?: ExecutorName | undefined;
}

const hostOptionNames = [
  'searchPaths',
  'executor',
  'python',
  'libpython',
  'threads',
  'spareThreads',
  'onOutput',
  'timeoutMs',
  'loadTimeoutMs',
];
const loadOptionNames = ['executor', 'signal', 'loadTimeoutMs', 'timeoutMs', 'maxConcurrent', 'maxQueued', 'ownThread'];

/** Finds packages, loads them, and closes what it loaded. */
export class PluginHost implements AsyncDisposable {
  readonly #searchPaths: readonly string[];
  readonly #executor: ExecutorName;
  readonly #start: StartOptions;
  readonly #executorOptions: ExecutorOptions;
  /** Defaults of every load. */
  readonly #loadOptions: LoadOptions;
  readonly #executors = new Map<ExecutorName, Executor>();
  readonly #plugins = new Set<Plugin<Interface>>();
  #closed: Promise<void> | undefined;

  private constructor(options: HostOptions) {
    this.#searchPaths = (options.searchPaths ?? []).map((path) => resolve(path));
    this.#executor = options.executor ?? 'thread';
    this.#start = { python: options.python, libpython: options.libpython };
    const { threads, spareThreads, onOutput, timeoutMs, loadTimeoutMs } = options;
    this.#executorOptions = { threads, spareThreads, onOutput };
    this.#loadOptions = { timeoutMs, loadTimeoutMs };
  }

  /**
   * Opens a host. Nothing is started before the first load.
   *
   * @throws FidiusError `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`, `FIDIUS_EXECUTOR_UNKNOWN`.
   */
  static async open(options: HostOptions = {}): Promise<PluginHost> {
    checkOptionNames('PluginHost.open()', options, hostOptionNames);
    const { searchPaths = [], executor } = options;
    if (!Array.isArray(searchPaths) || !searchPaths.every((path) => typeof path === 'string' && path !== '')) {
      throw invalidOption('searchPaths', 'an array of paths', searchPaths);
    }
    if (executor !== undefined) checkExecutorName(executor);
    checkExecutorOptions(options);
    checkTimeout('timeoutMs', options.timeoutMs);
    checkTimeout('loadTimeoutMs', options.loadTimeoutMs);
    debugToStderr(process.env);
    return new PluginHost(options);
  }

  /** Lists the packages in the search paths without running any of their code, and what it had to pass over. */
  async discover(): Promise<Discovery> {
    this.#checkOpen('discover packages');
    return discover(this.#searchPaths);
  }

  /**
   * Loads a package for an interface.
   *
   * @param name as `package.toml` gives it; the first package of that name in the search paths is taken.
   * @throws LoadError, ManifestError; FidiusError `FIDIUS_PLUGIN_NOT_FOUND`, `FIDIUS_HOST_CLOSED`, `FIDIUS_OPTION_…`,
   *   `FIDIUS_EXECUTOR_UNKNOWN`, `FIDIUS_ARGUMENT_INVALID`, and the codes of starting Python.
   */
  async load<I extends Interface>(name: string, definition: I, options: HostLoadOptions = {}): Promise<Plugin<I>> {
    if (typeof name !== 'string' || name === '') {
      throw new FidiusError('FIDIUS_ARGUMENT_INVALID', `load() takes the name of a package, got ${describe(name)}`);
    }
    if (!isInterface(definition)) {
      const found = describe(definition);
      throw new FidiusError(
        'FIDIUS_ARGUMENT_INVALID',
        `load() takes an interface made by defineInterface(), got ${found}`,
      );
    }
    checkOptionNames('PluginHost.load()', options, loadOptionNames);
    const { executor = this.#executor, ...given } = options;
    const loadOptions = withDefaults(given, this.#loadOptions);
    checkExecutorName(executor);
    this.#checkOpen(`load ${name}`);

    const { path, manifest } = findPackage(this.#searchPaths, name);
    return traceLoadAsync({ path, interface: definition.name }, async (details) => {
      checkPythonManifest(path, manifest, definition.descriptor);
      const { entryModule } = manifest.python;
      Object.assign(details, { plugin: name, entryModule, executor });
      const interpreter = startPython(this.#start);
      const { descriptor } = definition;
      const request = { plugin: name, folder: path, entryModule, descriptor };
      const loaded = await this.#executorNamed(executor, interpreter).load(request, loadOptions);
      // Closed meanwhile: nobody else knows of this one yet.
      if (this.#closed !== undefined) await loaded.close();
      this.#checkOpen(`load ${name}`);
      const info = describePlugin(definition, manifest, path, executor, interpreter.facts.version);
      const plugin: Plugin<I> = new Plugin(definition, loaded, info, () => this.#plugins.delete(plugin));
      this.#plugins.add(plugin);
      return plugin;
    });
  }

  stats(): HostStats {
    return {
      executors: [...this.#executors.values()].map((executor) => executor.stats()),
      plugins: [...this.#plugins].map((plugin) => ({ plugin: plugin.info.name, ...plugin.stats() })),
    };
  }

  /**
   * Closes every plugin it loaded, then itself. May be called again: the first call counts.
   *
   * @throws FidiusError `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`; never for another reason.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkCloseOptions('PluginHost.close()', options);
    this.#closed ??= this.#close(options);
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(options: CloseOptions): Promise<void> {
    await Promise.all([...this.#plugins].map((plugin) => plugin.close(options)));
    await Promise.all([...this.#executors.values()].map((executor) => executor.close(options)));
  }

  #executorNamed(name: ExecutorName, interpreter: Interpreter): Executor {
    let executor = this.#executors.get(name);
    if (executor === undefined) {
      executor = createExecutor(name, interpreter, this.#executorOptions);
      this.#executors.set(name, executor);
    }
    return executor;
  }

  #checkOpen(doing: string): void {
    if (this.#closed === undefined) return;
    throw new FidiusError('FIDIUS_HOST_CLOSED', `The host is closed and cannot ${doing}`, {
      hint: 'Open a new host.',
    });
  }
}

function invalidOption(name: string, expected: string, found: unknown): FidiusError {
  return new FidiusError('FIDIUS_OPTION_INVALID', `${name} must be ${expected}, got ${describe(found)}`);
}

/** Options of a load; what it leaves undefined comes from the host. */
function withDefaults(options: LoadOptions, defaults: LoadOptions): LoadOptions {
  return {
    ...options,
    timeoutMs: options.timeoutMs ?? defaults.timeoutMs,
    loadTimeoutMs: options.loadTimeoutMs ?? defaults.loadTimeoutMs,
  };
}
