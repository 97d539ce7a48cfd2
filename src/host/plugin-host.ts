import { isAbsolute, resolve } from 'node:path';
import type { Interface } from '../contract/interface.ts';
import { showingCaller } from '../errors/call-place.ts';
import { FidiusTypeError } from '../errors/fidius-error.ts';
import { checkBoolean, checkOptionNames, describe } from '../errors/options.ts';
import { type CloseOptions, checkExecutorChoice, type ExecutorChoice, type LoadOptions } from '../executor/executor.ts';
import { checkCloseOptions, checkLoadOptions, checkProcessUse } from '../executor/executor-options.ts';
import { wallClock } from '../node/timers.ts';
import type { DiscoverOptions } from '../packaging/discover-packages.ts';
import type { VendoredPackage } from '../packaging/vendor/vendor-conflicts.ts';
import type { HostNoticeListener, VendorConflictReporter } from './events/host-notice.ts';
import {
  checkHostOptions,
  type HostLoadAllOptions,
  type HostLoadOptions,
  type HostOptions,
  type HostStats,
  hostLoadAllOptionNames,
  hostLoadOptionNames,
  invalidOption,
  type LoadArguments,
  type LoadedPlugins,
} from './host-options.ts';
import type { ExecutorPool } from './load/executor-pool.ts';
import type { LoadProgressListener } from './load/load-budget.ts';
import type { Candidates, LoadOutcome, PackageLoad } from './load/load-pipeline.ts';
import type { SearchPath } from './load/package-not-found.ts';
import type { HostDiscovery } from './load/select-packages.ts';
import { checkExternalImports, describePlugin, type ExternalImports, Plugin, requireInterface } from './plugin.ts';
import type { PackagePolicy } from './policy/package-policy.ts';
import type { HotReload } from './reload/hot-reload.ts';

/** The code that opens, discovers and loads: see on-demand.ts. */
type OnDemand = typeof import('./on-demand.ts');

/** A load for an interface, with all defaults. */
type HostLoad<I extends Interface> = PackageLoad & { readonly definition: I; readonly watch: boolean };

/** The options of a load, and its configuration. */
type ConfiguredOptions = HostLoadOptions & { readonly config?: unknown };

/** Finds packages, loads them, and closes what it loaded. */
export class PluginHost implements AsyncDisposable {
  readonly #code: OnDemand;
  readonly #searchPaths: readonly SearchPath[];
  readonly #executor: ExecutorChoice;
  readonly #policy: PackagePolicy;
  readonly #externalImports: ExternalImports;
  readonly #onNotice: HostNoticeListener;
  readonly #conflicts: VendorConflictReporter;
  /** Defaults of every load. */
  readonly #loadOptions: LoadOptions;
  readonly #executors: ExecutorPool;
  /** The open plugins, each with what its package vendors, in the order of loading. */
  readonly #plugins = new Map<Plugin<Interface>, VendoredPackage>();
  #closed: Promise<void> | undefined;

  private constructor(code: OnDemand, options: HostOptions, policy: PackagePolicy) {
    this.#code = code;
    this.#policy = policy;
    this.#searchPaths = (options.searchPaths ?? []).map((path) => toSearchPath(path));
    this.#executor = options.executor ?? 'auto';
    const { python, libpython, isolatePython = policy.requireSignature, externalImports = 'allow' } = options;
    this.#externalImports = externalImports;
    const { threads, spareThreads, onOutput, onNotice = code.emitWarning, timeoutMs, loadTimeoutMs } = options;
    this.#onNotice = onNotice;
    this.#conflicts = new code.VendorConflictReporter(onNotice);
    const { process: processOptions, traceContext } = options;
    const executorOptions = { threads, spareThreads, onOutput, onNotice, process: processOptions, traceContext };
    this.#executors = new code.ExecutorPool({ python, libpython, isolatePython }, executorOptions);
    this.#loadOptions = { timeoutMs, loadTimeoutMs };
  }

  /**
   * Opens a host. Nothing is started before the first load.
   *
   * @throws FidiusError `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`, `FIDIUS_EXECUTOR_UNKNOWN`, `FIDIUS_KEY_INVALID`,
   *   `FIDIUS_TRUST_INVALID`, `FIDIUS_TRUST_UNREADABLE`.
   */
  static async open(options: HostOptions = {}): Promise<PluginHost> {
    checkHostOptions(options);
    const code = await import('./on-demand.ts');
    const policy = await code.PackagePolicy.read('PluginHost.open()', options);
    code.printLoads(process.env);
    return new PluginHost(code, options, policy);
  }

  /**
   * Lists the packages in the search paths, what is skipped and why, names that are taken twice, and dependencies that are
   * vendored in different versions. Runs, verifies and unpacks nothing.
   */
  async discover(options: DiscoverOptions = {}): Promise<HostDiscovery> {
    this.#executors.checkOpen('discover packages');
    checkOptionNames('PluginHost.discover()', options, ['signal']);
    return this.#code.discoverForHost(this.#folders(), options);
  }

  /**
   * Loads a package for an interface.
   *
   * Where several packages have the name, the first search path that holds one decides, and within it the highest version.
   * A package that is refused, or was made for another interface or another Python, is skipped.
   *
   * @param name as `package.toml` gives it.
   * @throws LoadError, ManifestError, SignatureError, ArchiveError; FidiusError `FIDIUS_PLUGIN_NOT_FOUND`,
   *   `FIDIUS_PLUGIN_VERSION`, `FIDIUS_VENDOR_MISMATCH`, `FIDIUS_PACKAGE_…`, `FIDIUS_STORE_…`, `FIDIUS_HOST_CLOSED`,
   *   `FIDIUS_OPTION_…`, `FIDIUS_EXECUTOR_UNKNOWN`, `FIDIUS_ARGUMENT_INVALID`, and the codes of starting Python.
   */
  async load<I extends Interface>(
    name: string,
    definition: I,
    ...[options]: LoadArguments<HostLoadOptions, I>
  ): Promise<Plugin<I>> {
    return showingCaller(async () =>
      this.#loadOne(name, definition, (options === undefined ? {} : options) as ConfiguredOptions),
    );
  }

  async #loadOne<I extends Interface>(name: string, definition: I, options: ConfiguredOptions): Promise<Plugin<I>> {
    if (typeof name !== 'string' || name === '') {
      throw new FidiusTypeError('FIDIUS_ARGUMENT_INVALID', `load() takes the name of a package, got ${describe(name)}`);
    }
    requireInterface('load()', definition);
    checkOptionNames('PluginHost.load()', options, hostLoadOptionNames);
    const { version, onProgress, ...others } = options;
    if (version !== undefined && typeof version !== 'string') {
      throw invalidOption('version', 'a range of versions', version);
    }
    if (onProgress !== undefined && typeof onProgress !== 'function') {
      throw invalidOption('onProgress', 'a function', onProgress);
    }
    const load = this.#readLoad(definition, others, `load ${name}`, name);
    const select = async (signal: AbortSignal) => {
      const discovery = await this.#code.discoverPackages(this.#folders(), { signal });
      return this.#code.selectPackages(discovery, this.#searchPaths, { name, version });
    };
    return this.#load(load, name, select, { onProgress });
  }

  /**
   * Loads the package of a path, whatever the search paths contain.
   *
   * @internal for the command line.
   * @param name as its manifest gives it.
   */
  async loadPath<I extends Interface>(
    { path, name }: { readonly path: string; readonly name: string },
    definition: I,
    options: HostLoadAllOptions = {},
  ): Promise<Plugin<I>> {
    return this.#load(this.#readLoad(definition, options, `load ${path}`, name), name, async () => [{ path }], {});
  }

  /**
   * Loads every package in the search paths that offers an interface: one for each name, chosen as `load()` does.
   *
   * A package that cannot be loaded is listed in `failures`, and so is one whose manifest cannot be read. Packages for other
   * interfaces are ignored. The host closes the plugins. If the promise is rejected, the plugins that were loaded before stay
   * open, and `plugins` of the host contains them.
   *
   * @throws FidiusError `FIDIUS_HOST_CLOSED`, `FIDIUS_LOAD_ABORTED`, `FIDIUS_OPTION_…`, `FIDIUS_EXECUTOR_…`,
   *   `FIDIUS_ARGUMENT_INVALID`, and the codes of starting Python; LoadTimeoutError when listing the search paths takes too
   *   long; never for a reason that concerns a single package.
   */
  async loadAll<I extends Interface>(
    definition: I,
    ...[options]: LoadArguments<HostLoadAllOptions, I>
  ): Promise<LoadedPlugins<I>> {
    return showingCaller(async () =>
      this.#loadAll(definition, (options === undefined ? {} : options) as ConfiguredOptions),
    );
  }

  async #loadAll<I extends Interface>(definition: I, options: HostLoadAllOptions): Promise<LoadedPlugins<I>> {
    requireInterface('loadAll()', definition);
    checkOptionNames('PluginHost.loadAll()', options, hostLoadAllOptionNames);
    const what = `the plugins for ${definition.name}`;
    const load = this.#readLoad(definition, options, `load ${what}`, `the plugins for ${definition.name}`);
    const { discoverPackages, findOffers, LoadBudget, loadOffers } = this.#code;

    const search = new LoadBudget(what, options.signal, load.options.loadTimeoutMs);
    const discovery = await search
      .run(() => discoverPackages(this.#folders(), { signal: search.signal }))
      .finally(() => search.end());
    this.#executors.checkOpen(`load ${what}`);
    const offers = await findOffers(discovery, this.#searchPaths, definition);
    const { plugins, failures } = await loadOffers(offers, load.executor, ({ name, packages }, turn) =>
      this.#load(load, name, async () => packages, { turn }),
    );
    const unreadable = discovery.skipped.map(({ path, reason }) => ({ name: undefined, path, error: reason }));
    return { plugins, failures: [...unreadable, ...failures] };
  }

  /** The open plugins, in the order of loading. A new array each time. */
  get plugins(): readonly Plugin<Interface>[] {
    return [...this.#plugins.keys()];
  }

  /**
   * Returns the open plugin of a name: the one that was loaded last, where there are several.
   *
   * @param name the name in `package.toml`.
   * @returns `undefined` when no plugin of that name is open.
   */
  get(name: string): Plugin<Interface> | undefined {
    return this.plugins.findLast(({ info }) => info.name === name);
  }

  /** Returns figures of the host's executors and plugins. */
  stats(): HostStats {
    return {
      executors: this.#executors.stats(),
      plugins: [...this.#plugins.keys()].map((plugin) => ({ plugin: plugin.info.name, ...plugin.stats() })),
    };
  }

  /**
   * Closes every plugin of the host, then the host. It may be called again: the first call counts.
   *
   * @throws FidiusError `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`; never for another reason.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkCloseOptions('PluginHost.close()', options);
    this.#closed ??= this.#close(options);
    await this.#closed;
  }

  /** Closes the host at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(options: CloseOptions): Promise<void> {
    this.#executors.refuseLoads();
    await Promise.all([...this.#plugins.keys()].map((plugin) => plugin.close(options)));
    await this.#executors.closeAll(options);
  }

  /** Checks the options of a load. @param doing completes "The host is closed and cannot …". */
  #readLoad<I extends Interface>(
    definition: I,
    options: ConfiguredOptions,
    doing: string,
    plugin: string,
  ): HostLoad<I> {
    const {
      executor = this.#executor,
      signedBy,
      externalImports = this.#externalImports,
      watch,
      config,
      provide,
      ...given
    } = options;
    checkExternalImports(externalImports);
    const signers = this.#readSigners(signedBy);
    const loadOptions = withDefaults(given, this.#loadOptions);
    checkExecutorChoice(executor);
    this.#executors.checkOpen(doing);
    checkLoadOptions(loadOptions);
    checkProcessUse(executor, loadOptions);
    this.#checkWatch(watch, executor);
    return {
      definition,
      signers,
      executor,
      refuseExternal: externalImports === 'refuse',
      options: loadOptions,
      config: this.#code.encodeConfig(definition, config, plugin),
      hostFunctions: provide === undefined ? undefined : this.#code.provideFunctions(provide),
      processReason: watch === true ? 'The load sets `watch`' : undefined,
      watch: watch === true,
    };
  }

  async #load<I extends Interface>(
    load: HostLoad<I>,
    name: string,
    select: (signal: AbortSignal) => Promise<Candidates>,
    { turn, onProgress }: { readonly turn?: Promise<unknown>; readonly onProgress?: LoadProgressListener | undefined },
  ): Promise<Plugin<I>> {
    const { definition, options } = load;
    const { LoadBudget, readVendored, runLoad, traceLoad } = this.#code;
    const budget = new LoadBudget(name, options.signal, options.loadTimeoutMs, onProgress);
    const loadedAt = wallClock();
    let vendored: VendoredPackage = { name, distributions: [], dir: '' };
    try {
      const outcome = await traceLoad({ plugin: name, interface: definition.name }, (details) =>
        runLoad(load, {
          policy: this.#policy,
          executors: this.#executors,
          budget,
          details,
          turn,
          select,
          compareVendored: ({ folder }) => {
            vendored = readVendored({ name, dir: folder });
            const inThisProcess = [...this.#plugins].filter(([plugin]) => plugin.info.executor !== 'process');
            return this.#conflicts.find(
              vendored,
              inThisProcess.map(([, each]) => each),
            );
          },
          reportConflicts: (conflicts) => this.#conflicts.report(conflicts),
          describe: (selected) => {
            if (load.watch) this.#code.requireWatchable(selected);
            return definition.descriptor;
          },
        }),
      );
      let reload: HotReload | undefined;
      const info = describePlugin(definition, outcome);
      const plugin: Plugin<I> = new Plugin(definition, outcome.plugin, info, () => {
        reload?.close();
        this.#plugins.delete(plugin);
      });
      this.#plugins.set(plugin, vendored);
      if (load.watch) reload = await this.#watch(load, outcome, loadedAt);
      // Closed with its host, which did not have the watch yet.
      if (!this.#plugins.has(plugin)) reload?.close();
      this.#code.reportArguments(definition, outcome.plugin, this.#onNotice);
      return plugin;
    } finally {
      budget.end();
    }
  }

  #folders(): readonly string[] {
    return this.#searchPaths.map(({ path }) => path);
  }

  /** @throws FidiusError `FIDIUS_OPTION_INVALID`. */
  #checkWatch(watch: unknown, executor: ExecutorChoice): void {
    checkBoolean('watch', watch);
    if (watch !== true) return;
    if (executor === 'inline' || executor === 'thread') {
      throw this.#code.cannotWatch(
        `with the executor "${executor}", the old code cannot run on while new code is tried`,
      );
    }
    if (this.#policy.requireSignature)
      throw this.#code.cannotWatch('this host requires signatures, and a verified copy of the files runs');
  }

  #watch({ definition }: HostLoad<Interface>, { selected, plugin }: LoadOutcome, loadedAt: number): Promise<HotReload> {
    return this.#code.HotReload.start({ selected, definition, plugin, loadedAt }, (notice) => {
      this.#onNotice(notice);
      if (notice.event === 'reloaded') this.#code.reportArguments(definition, plugin, this.#onNotice);
    });
  }

  #readSigners(signedBy: unknown): readonly string[] | undefined {
    if (signedBy === undefined) return undefined;
    const signers: unknown = typeof signedBy === 'string' ? [signedBy] : signedBy;
    if (!Array.isArray(signers) || signers.length === 0 || !signers.every((each) => typeof each === 'string')) {
      throw invalidOption('signedBy', 'the name or id of a key, or several of them', signedBy);
    }
    if (this.#policy.requireSignature) return signers;
    throw new FidiusTypeError(
      'FIDIUS_OPTION_INVALID',
      'signedBy cannot be checked: this host does not verify signatures',
      {
        hint: 'Open the host with `trustedKeys` or `trustStore`.',
      },
    );
  }
}

/** Relative to the working folder of now: the program may change it before a load. */
function toSearchPath(given: string): SearchPath {
  return isAbsolute(given) ? { path: resolve(given) } : { path: resolve(given), given, workingFolder: process.cwd() };
}

/** Options of a load; what it leaves undefined comes from the host. */
function withDefaults(options: LoadOptions, defaults: LoadOptions): LoadOptions {
  return {
    ...options,
    timeoutMs: options.timeoutMs ?? defaults.timeoutMs,
    loadTimeoutMs: options.loadTimeoutMs ?? defaults.loadTimeoutMs,
  };
}
