import { resolve } from 'node:path';
import { type Interface, isInterface } from '../contract/interface.ts';
import type { Interpreter } from '../cpython/interpreter.ts';
import { type StartOptions, startPython } from '../cpython/lifecycle/start.ts';
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
import { checkLoadOptions } from '../executor/load-options.ts';
import { type DiscoverOptions, discoverPackages } from '../packaging/discover-packages.ts';
import { readVendored, type VendoredPackage } from '../packaging/vendor/vendor-conflicts.ts';
import { admitFirst } from './admit-package.ts';
import { choosePackages } from './choose-package.ts';
import { debugToStderr } from './debug.ts';
import { type LoadDetails, traceLoadAsync } from './diagnostics.ts';
import { checkExternalImports, type ExternalImports, toExternalImports } from './external-imports.ts';
import { discoverForHost, type HostDiscovery } from './host-discovery.ts';
import { explainMissingModule } from './isolation-hint.ts';
import { LoadBudget } from './load-budget.ts';
import { PackagePolicy, type PolicyOptions, policyOptionNames } from './package-policy.ts';
import { describePlugin, Plugin } from './plugin.ts';
import { targetPython } from './target-python.ts';
import { explainCollision, type HostNoticeListener } from './vendor-notice.ts';
import { VendoredVersions } from './vendored-versions.ts';
import { warn } from './warn.ts';

export interface HostOptions extends StartOptions, ExecutorOptions, PolicyOptions {
  /** Folders that hold packages: as folders, or as archives. Default: none. */
  readonly searchPaths?: readonly string[] | undefined;
  /** Where calls run unless a load says otherwise. Default: `thread`. */
  readonly executor?: ExecutorName | undefined;
  /** Milliseconds that a call through `client` may take, unless its plugin or the call itself says otherwise. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /**
   * Hears of what plugins change that belongs to the whole process, and of different versions of one distribution that
   * packages bring along, before the second is imported. Default: a warning of the process.
   */
  readonly onNotice?: HostNoticeListener | undefined;
  /** Milliseconds that a load may take, unless it says otherwise. Default: 60,000. */
  readonly loadTimeoutMs?: number | undefined;
  /**
   * What becomes of plugins that import modules from outside of their package, the standard library and the Python
   * environment, unless a load says otherwise. Default: `allow`: they are listed in `plugin.info`.
   */
  readonly externalImports?: ExternalImports | undefined;
}

/** Figures of a host at one moment. */
export interface HostStats {
  /** One for each executor that was used so far. */
  readonly executors: readonly ExecutorStats[];
  /** One for each plugin that is loaded, by name; in the order of loading. */
  readonly plugins: readonly (PluginStats & { readonly plugin: string })[];
}

export interface HostLoadOptions extends LoadOptions {
  /** Versions to choose from: a range as npm writes it, such as `^1.2`, or the very text of a version. Default: any. */
  readonly version?: string | undefined;
  /**
   * Which of the trusted keys may have signed the package: by the name that the trust store gives them, or by id. A package that
   * another key signed is passed over. Default: any of them.
   */
  readonly signedBy?: string | readonly string[] | undefined;
  /** `refuse`: the plugin cannot import external modules, also when it is called. Default: as the host says. */
  readonly externalImports?: ExternalImports | undefined;
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
  'onNotice',
  'timeoutMs',
  'loadTimeoutMs',
  'isolatePython',
  'externalImports',
  ...policyOptionNames,
];
const loadOptionNames = [
  'version',
  'signedBy',
  'externalImports',
  'executor',
  'signal',
  'loadTimeoutMs',
  'timeoutMs',
  'maxConcurrent',
  'maxQueued',
  'ownThread',
];

/** One load under way. */
interface Load<I extends Interface> {
  readonly name: string;
  readonly definition: I;
  readonly request: {
    readonly version: string | undefined;
    readonly signers: readonly string[] | undefined;
    readonly executor: ExecutorName;
    readonly externalImports: ExternalImports;
  };
  readonly loadOptions: LoadOptions;
  readonly budget: LoadBudget;
  readonly details: LoadDetails;
}

/** Finds packages, loads them, and closes what it loaded. */
export class PluginHost implements AsyncDisposable {
  readonly #searchPaths: readonly string[];
  readonly #executor: ExecutorName;
  readonly #start: StartOptions;
  readonly #policy: PackagePolicy;
  readonly #executorOptions: ExecutorOptions;
  readonly #externalImports: ExternalImports;
  readonly #vendoredVersions: VendoredVersions;
  /** Defaults of every load. */
  readonly #loadOptions: LoadOptions;
  readonly #executors = new Map<ExecutorName, Executor>();
  /** Each with what it brings along. */
  readonly #plugins = new Map<Plugin<Interface>, VendoredPackage>();
  #closed: Promise<void> | undefined;

  private constructor(options: HostOptions, policy: PackagePolicy) {
    this.#policy = policy;
    this.#searchPaths = (options.searchPaths ?? []).map((path) => resolve(path));
    this.#executor = options.executor ?? 'thread';
    const { python, libpython, isolatePython = policy.requireSignature, externalImports = 'allow' } = options;
    this.#start = { python, libpython, isolatePython };
    this.#externalImports = externalImports;
    const { threads, spareThreads, onOutput, onNotice = warn, timeoutMs, loadTimeoutMs } = options;
    this.#vendoredVersions = new VendoredVersions(onNotice);
    this.#executorOptions = { threads, spareThreads, onOutput, onNotice };
    this.#loadOptions = { timeoutMs, loadTimeoutMs };
  }

  /**
   * Opens a host. Nothing is started before the first load.
   *
   * @throws FidiusError `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`, `FIDIUS_EXECUTOR_UNKNOWN`, `FIDIUS_KEY_INVALID`,
   *   `FIDIUS_TRUST_INVALID`, `FIDIUS_TRUST_UNREADABLE`.
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
    checkExternalImports(options.externalImports);
    const { isolatePython } = options;
    if (isolatePython !== undefined && typeof isolatePython !== 'boolean') {
      throw invalidOption('isolatePython', 'true or false', isolatePython);
    }
    const policy = await PackagePolicy.read('PluginHost.open()', options);
    debugToStderr(process.env);
    return new PluginHost(options, policy);
  }

  /**
   * Lists the packages in the search paths, what is skipped and why, names that are taken twice, and dependencies that are
   * vendored in different versions. Runs, verifies and unpacks nothing.
   */
  async discover(options: DiscoverOptions = {}): Promise<HostDiscovery> {
    this.#checkOpen('discover packages');
    checkOptionNames('PluginHost.discover()', options, ['signal']);
    return discoverForHost(this.#searchPaths, options);
  }

  /**
   * Loads a package for an interface.
   *
   * Where several packages have the name, the first search path that holds one decides, and within it the highest version.
   * One that is not admitted, was made for another interface or for another Python is passed over.
   *
   * @param name as `package.toml` gives it.
   * @throws LoadError, ManifestError, SignatureError, ArchiveError; FidiusError `FIDIUS_PLUGIN_NOT_FOUND`,
   *   `FIDIUS_PLUGIN_VERSION`, `FIDIUS_VENDOR_MISMATCH`, `FIDIUS_PACKAGE_…`, `FIDIUS_STORE_…`, `FIDIUS_HOST_CLOSED`,
   *   `FIDIUS_OPTION_…`, `FIDIUS_EXECUTOR_UNKNOWN`, `FIDIUS_ARGUMENT_INVALID`, and the codes of starting Python.
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
    const { executor = this.#executor, version, signedBy, ...others } = options;
    const { externalImports = this.#externalImports, ...given } = others;
    checkExternalImports(externalImports);
    const signers = this.#readSigners(signedBy);
    const loadOptions = withDefaults(given, this.#loadOptions);
    checkExecutorName(executor);
    if (version !== undefined && typeof version !== 'string') {
      throw invalidOption('version', 'a range of versions', version);
    }
    this.#checkOpen(`load ${name}`);

    checkLoadOptions(loadOptions);

    return traceLoadAsync({ plugin: name, interface: definition.name }, async (details) => {
      const budget = new LoadBudget(name, loadOptions.signal, loadOptions.loadTimeoutMs);
      const request = { version, signers, executor, externalImports };
      try {
        return await this.#load({ name, definition, request, loadOptions, budget, details });
      } finally {
        budget.end();
      }
    });
  }

  stats(): HostStats {
    return {
      executors: [...this.#executors.values()].map((executor) => executor.stats()),
      plugins: [...this.#plugins.keys()].map((plugin) => ({ plugin: plugin.info.name, ...plugin.stats() })),
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
    await Promise.all([...this.#plugins.keys()].map((plugin) => plugin.close(options)));
    await Promise.all([...this.#executors.values()].map((executor) => executor.close(options)));
  }

  async #load<I extends Interface>(plan: Load<I>): Promise<Plugin<I>> {
    const { name, definition, request, loadOptions, budget, details } = plan;
    const { version, signers, executor, externalImports } = request;
    const { signal } = budget;
    const admission = await budget.run(async () => {
      const discovery = await discoverPackages(this.#searchPaths, { signal });
      const candidates = await choosePackages(discovery, this.#searchPaths, { name, version });
      details.path = candidates[0].path;
      return admitFirst(candidates, definition, this.#policy, {
        signal,
        signers,
        onAttempt: (path) => budget.enter('admission', path),
        startPython: (path) => {
          budget.enter('start', path);
          return targetPython(startPython(this.#start));
        },
      });
    });
    // Closed meanwhile: an executor that is made now would never be closed.
    this.#checkOpen(`load ${name}`);
    const { path, folder, manifest } = admission.admitted;
    const { entryModule } = manifest.python;
    const vendored = readVendored({ name, dir: folder });
    const vendorConflicts = this.#vendoredVersions.compare(vendored, this.#plugins.values());
    const { passedOver } = admission;
    Object.assign(details, { path, entryModule, executor, passedOver, vendorConflicts });
    this.#vendoredVersions.tell(vendorConflicts);
    const interpreter = startPython(this.#start);
    const source = { plugin: name, folder, origin: path, entryModule, descriptor: definition.descriptor };
    const refuseExternal = externalImports === 'refuse';
    const { leftMs: loadTimeoutMs, timeoutMs: totalTimeoutMs } = budget;
    const load = () =>
      this.#executorNamed(executor, interpreter).load(
        { ...source, refuseExternal, totalTimeoutMs },
        { ...loadOptions, loadTimeoutMs },
      );
    const loaded = await explainMissingModule(this.#start, () => explainCollision(vendorConflicts, load));
    // Closed meanwhile: nobody else knows of this one yet.
    if (this.#closed !== undefined) await loaded.close();
    this.#checkOpen(`load ${name}`);
    const info = describePlugin(definition, admission, {
      executor,
      pythonVersion: interpreter.facts.version,
      vendorConflicts,
      externalImports: toExternalImports(loaded.external),
    });
    const plugin: Plugin<I> = new Plugin(definition, loaded, info, () => this.#plugins.delete(plugin));
    this.#plugins.set(plugin, vendored);
    return plugin;
  }

  #readSigners(signedBy: unknown): readonly string[] | undefined {
    if (signedBy === undefined) return undefined;
    const signers: unknown = typeof signedBy === 'string' ? [signedBy] : signedBy;
    if (!Array.isArray(signers) || signers.length === 0 || !signers.every((each) => typeof each === 'string')) {
      throw invalidOption('signedBy', 'the name or id of a key, or several of them', signedBy);
    }
    if (this.#policy.requireSignature) return signers;
    throw new FidiusError(
      'FIDIUS_OPTION_INVALID',
      'signedBy cannot be checked: this host does not look at signatures',
      {
        hint: 'Open the host with `trustedKeys` or `trustStore`.',
      },
    );
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
