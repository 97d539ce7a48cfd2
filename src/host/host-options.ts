import type { ConfigOf, ConfigOption } from '../contract/config.ts';
import type { HostImplementation } from '../contract/host-interface.ts';
import type { Interface } from '../contract/interface.ts';
import type { StartOptions } from '../cpython/lifecycle/start.ts';
import { type FidiusError, FidiusTypeError } from '../errors/fidius-error.ts';
import { checkBoolean, checkOptionNames, checkTimeout, describe } from '../errors/options.ts';
import {
  checkExecutorChoice,
  type ExecutorChoice,
  type ExecutorStats,
  type LoadOptions,
  type PluginStats,
} from '../executor/executor.ts';
import { checkExecutorOptions, type ExecutorOptions, loadOptionNames } from '../executor/executor-options.ts';
import type { ProcessOptions } from '../executor/process/process-options.ts';
import type { HostNoticeListener } from './events/host-notice.ts';
import type { LoadFailure } from './load/load-all.ts';
import type { LoadProgressListener } from './load/load-budget.ts';
import { checkExternalImports, type ExternalImports, Plugin } from './plugin.ts';
import type { PolicyOptions } from './policy/package-policy.ts';

/** Options of `PluginHost.open()`. */
export interface HostOptions extends StartOptions, ExecutorOptions, PolicyOptions {
  /**
   * Folders that contain packages, as folders or archives.
   *
   * @default []
   */
  readonly searchPaths?: readonly string[] | undefined;
  /**
   * Where calls run, unless a load sets `executor`.
   *
   * @default 'auto'
   */
  readonly executor?: ExecutorChoice | undefined;
  /**
   * Options of the executor `process`, unless a load sets them.
   *
   * @default {}
   */
  readonly process?: ProcessOptions | undefined;
  /**
   * Milliseconds that a call through `client` may take, unless the load or the call sets `timeoutMs`.
   *
   * @default Infinity
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Receives changes that plugins make to the whole process, conflicts between vendored distributions, and functions that do
   * not accept the arguments of their method.
   *
   * @default a warning of the process
   */
  readonly onNotice?: HostNoticeListener | undefined;
  /**
   * Milliseconds that a load may take, unless the load sets `loadTimeoutMs`.
   *
   * @default 60_000
   */
  readonly loadTimeoutMs?: number | undefined;
  /**
   * Whether plugins may import modules from outside their package, the standard library and the Python environment, unless the
   * load sets `externalImports`. Allowed ones are listed in `plugin.info`.
   *
   * @default 'allow'
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

/** Options of `PluginHost.loadAll()`. `loadTimeoutMs` is the time for each package. */
export interface HostLoadAllOptions extends LoadOptions, ProvideOption {
  /**
   * Which of the trusted keys may have signed the package: by the name that the trust store gives them, or by id. A
   * package that another key signed is skipped.
   *
   * @default any trusted key
   */
  readonly signedBy?: string | readonly string[] | undefined;
  /**
   * `refuse`: the plugin cannot import external modules, also when it is called.
   *
   * @default the option of the host
   */
  readonly externalImports?: ExternalImports | undefined;
  /**
   * Where the calls of this plugin run.
   *
   * @default the option of the host
   */
  readonly executor?: ExecutorChoice | undefined;
  /**
   * For development: loads the plugin again whenever a file of its package changes, into a new process. Calls that run finish with
   * the old code. Code that cannot be loaded leaves the old code running. Both are reported to `onNotice`. With `auto`, the executor
   * is then `process`. Not for archives, nor for hosts that require signatures: these run a copy.
   *
   * @default false
   */
  readonly watch?: boolean | undefined;
}

/** Functions of the host that a load provides to its plugin. */
export interface ProvideOption {
  /**
   * Functions of this program that the plugin may call: what `implement()` of a host interface returns.
   *
   * @default []
   */
  readonly provide?: readonly HostImplementation[] | undefined;
}

/** Options of `PluginHost.load()`. */
export interface HostLoadOptions extends HostLoadAllOptions {
  /**
   * Versions to choose from: a range as npm writes it, such as `^1.2`, or the exact text of a version.
   *
   * @default any
   */
  readonly version?: string | undefined;
  /**
   * Receives the progress of this load, on the JavaScript thread.
   *
   * @default `undefined`
   */
  readonly onProgress?: LoadProgressListener | undefined;
}

/** The last argument of a load: required if the interface declares a configuration, which it then contains. */
export type LoadArguments<Options, I extends Interface> = [ConfigOf<I>] extends [undefined]
  ? [options?: Options & ConfigOption<I>]
  : [options: Options & ConfigOption<I>];

/** The result of `PluginHost.loadAll()`. */
export interface LoadedPlugins<I extends Interface> {
  /** The loaded plugins, by the order of the search paths, then by name. */
  readonly plugins: readonly Plugin<I>[];
  /** Packages and search paths that cannot be read, then packages for the interface that could not be loaded. */
  readonly failures: readonly LoadFailure[];
}

const hostOptionNames = [
  'searchPaths',
  'executor',
  'process',
  'python',
  'libpython',
  'threads',
  'spareThreads',
  'onOutput',
  'onNotice',
  'traceContext',
  'timeoutMs',
  'loadTimeoutMs',
  'isolatePython',
  'externalImports',
  'trustedKeys',
  'trustStore',
  'requireSignature',
  'refuseOlder',
  'storeDir',
  'archiveLimits',
] satisfies readonly (keyof HostOptions)[];
export const hostLoadAllOptionNames = [
  'provide',
  'signedBy',
  'externalImports',
  'executor',
  'watch',
  'config',
  ...loadOptionNames,
];
export const hostLoadOptionNames = ['version', 'onProgress', ...hostLoadAllOptionNames];

/** @throws FidiusError `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`, `FIDIUS_EXECUTOR_UNKNOWN`. */
export function checkHostOptions(options: HostOptions): void {
  checkOptionNames('PluginHost.open()', options, hostOptionNames);
  const { searchPaths = [], executor } = options;
  if (!Array.isArray(searchPaths) || !searchPaths.every((path) => typeof path === 'string' && path !== '')) {
    throw invalidOption('searchPaths', 'an array of paths', searchPaths);
  }
  if (executor !== undefined) checkExecutorChoice(executor);
  checkExecutorOptions(options);
  checkTimeout('timeoutMs', options.timeoutMs);
  checkTimeout('loadTimeoutMs', options.loadTimeoutMs);
  checkExternalImports(options.externalImports);
  checkBoolean('isolatePython', options.isolatePython);
}

/** The error of an option of a host or a load. */
export function invalidOption(name: string, expected: string, found: unknown): FidiusError {
  return new FidiusTypeError('FIDIUS_OPTION_INVALID', `${name} must be ${expected}, got ${describe(found)}`);
}
