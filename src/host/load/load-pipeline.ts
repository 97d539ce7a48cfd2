import type { InterfaceDescriptor } from '../../codec/descriptor.ts';
import type { Interface } from '../../contract/interface.ts';
import { prepareStart, type StartOptions } from '../../cpython/lifecycle/start.ts';
import { findImplicitEnvironment } from '../../cpython/locate/places/dot-venv.ts';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { LoadError } from '../../errors/load-error.ts';
import { isPluginError } from '../../errors/plugin-error.ts';
import type { ExecutorChoice, ExecutorPlugin, LoadOptions } from '../../executor/executor.ts';
import { nextTurn } from '../../node/timers.ts';
import type { SkippedPackage } from '../../packaging/discover-packages.ts';
import type { Manifest, PythonManifest } from '../../packaging/manifest/manifest.ts';
import { vendorFolder } from '../../packaging/vendor/distributions.ts';
import { describeVendorConflict, type VendorConflict } from '../../packaging/vendor/vendor-conflicts.ts';
import type { ProvidedFunctions } from '../../protocol/host-functions.ts';
import type { LoadDetails } from '../events/load-channel.ts';
import type { PackagePolicy, PreparedPackage } from '../policy/package-policy.ts';
import { checkManifest, toLoadRequest } from './check-manifest.ts';
import { topModules } from './entry-module.ts';
import type { ChosenExecutor, ExecutorPool, StartedExecutor } from './executor-pool.ts';
import type { LoadBudget } from './load-budget.ts';
import { explainMissingModule } from './missing-module.ts';
import { findPythonFor, requiredPython, requirePythonFor } from './required-python.ts';

/** A package that may be loaded. */
export interface Candidate {
  /** A folder or an archive. */
  readonly path: string;
  /** The manifest that discovery read; `undefined` for a package that the caller named by its path. */
  readonly manifest?: Manifest | undefined;
}

export type Candidates = readonly [Candidate, ...Candidate[]];

/** A package that was verified and whose manifest matches the interface. */
export type SelectedPackage = PreparedPackage & { readonly manifest: PythonManifest };

/** What to load and how. */
export interface PackageLoad {
  /** The interface to compare the manifest with; `undefined`: the manifest is not compared with one. */
  readonly definition: Interface | undefined;
  /** Names or ids of the keys of which one must have signed the package. Default: any trusted key. */
  readonly signers?: readonly string[] | undefined;
  readonly executor: ExecutorChoice;
  /** Why `auto` must choose `process`; `undefined` where it need not. */
  readonly processReason?: string | undefined;
  /** Whether the plugin must not import external modules. */
  readonly refuseExternal: boolean;
  /** Encoded configuration; `undefined` if the plugin is not configured. */
  readonly config?: Uint8Array | undefined;
  /** Functions of the host that the plugin may call. */
  readonly hostFunctions?: ProvidedFunctions | undefined;
  readonly options: LoadOptions;
}

/** What a finished load is known by. */
export interface LoadOutcome {
  readonly selected: SelectedPackage;
  /** Candidates that came first and could not be loaded. */
  readonly skipped: readonly SkippedPackage[];
  readonly vendorConflicts: readonly VendorConflict[];
  /** Why `auto` did not choose `thread`. */
  readonly executorReason: string | undefined;
  /** Version of the Python that runs the calls. */
  readonly pythonVersion: string;
  readonly plugin: ExecutorPlugin;
}

/** The parts of a program that a load uses. */
export interface LoadContext {
  readonly policy: PackagePolicy;
  readonly executors: ExecutorPool;
  readonly budget: LoadBudget;
  /** Receives the facts of the load as they become known. */
  readonly details: LoadDetails;
  /** Settles when other loads have ended, after which the package is imported. Default: it is imported at once. */
  readonly turn?: Promise<unknown> | undefined;
  /** Finds the packages, the preferred one first. */
  readonly select: (signal: AbortSignal) => Promise<Candidates>;
  /** Compares a package with those that are loaded in this process. */
  readonly compareVendored: (selected: SelectedPackage) => readonly VendorConflict[];
  /** Receives conflicts of a package that is loaded into this process all the same. */
  readonly reportConflicts?: ((conflicts: readonly VendorConflict[]) => void) | undefined;
  /** The interface as the plugin is checked against it. Is called before code of the package runs. */
  readonly describe: (selected: SelectedPackage, started: StartedExecutor) => InterfaceDescriptor;
}

/**
 * The one way to load a package through an executor: select, verify, check the manifest, start what the executor needs, check
 * what was vendored, import, compare the hash, bind.
 *
 * A candidate that cannot be loaded does not prevent the load of the next one. Nothing is started before a candidate has been
 * verified.
 *
 * @throws what was wrong with the first candidate, when there is something wrong with each; LoadTimeoutError; FidiusError
 *   `FIDIUS_LOAD_ABORTED`, `FIDIUS_HOST_CLOSED`; what starting the executor throws; what importing the package throws.
 */
export async function runLoad(load: PackageLoad, context: LoadContext): Promise<LoadOutcome> {
  const { refuseExternal, config, hostFunctions, options } = load;
  const { budget, details, executors, turn, compareVendored, describe } = context;
  const { selected, skipped, chosen: first } = await budget.run(() => selectFirst(load, context));
  if (turn !== undefined) await budget.wait(turn);
  const { path, manifest } = selected;
  const doing = `load ${manifest.name}`;
  const conflicts = compareVendored(selected);
  const { entryModule } = manifest.python;
  Object.assign(details, { plugin: manifest.name, path, entryModule, skipped });

  const loadInto = async ({ started, reason, process }: ChosenExecutor): Promise<LoadOutcome> => {
    const { name } = started.executor;
    // Only plugins in this process share its modules.
    const vendorConflicts = name === 'process' ? [] : conflicts;
    Object.assign(details, { executor: name, vendorConflicts });
    if (vendorConflicts.length > 0) context.reportConflicts?.(vendorConflicts);
    const descriptor = describe(selected, started);
    const totalTimeoutMs = budget.timeoutMs;
    const request = toLoadRequest(selected, descriptor, { refuseExternal, config, hostFunctions, totalTimeoutMs });
    const limits = { ...options, process: process ?? options.process, loadTimeoutMs: budget.leftMs };
    budget.report({ phase: 'import' });
    const plugin = await explainFailure({ selected, vendorConflicts, start: executors.startOptions }, () =>
      started.executor.load(request, limits),
    );
    // The host was closed during the load, and nothing else would close this plugin.
    if (executors.closed) await plugin.close();
    executors.checkOpen(doing);
    const pythonVersion = started.python.version;
    return { selected, skipped, vendorConflicts, executorReason: reason, pythonVersion, plugin };
  };
  const loadIntoChild = (reason: string): Promise<LoadOutcome> => {
    const started = executors.start('process', doing, options.process);
    requirePythonFor(selected, started.python);
    return loadInto({ started, reason });
  };

  if (load.executor !== 'auto' || first.started.executor.name === 'process') return loadInto(first);
  const [conflict] = conflicts;
  if (conflict !== undefined) return loadIntoChild(describeVendorConflict(conflict).message);
  try {
    return await loadInto(first);
  } catch (error) {
    if (!(error instanceof LoadError) || error.code !== 'FIDIUS_MODULE_COLLISION') throw error;
    return loadIntoChild(reasonOf(error));
  }
}

interface Selection {
  readonly selected: SelectedPackage;
  readonly skipped: readonly SkippedPackage[];
  readonly chosen: ChosenExecutor;
}

async function selectFirst(
  load: PackageLoad,
  { select, policy, executors, budget, details }: LoadContext,
): Promise<Selection> {
  const { signal } = budget;
  budget.report({ phase: 'discovery' });
  const candidates = await select(signal);
  details.path = candidates[0].path;
  const skipped: SkippedPackage[] = [];
  for (const candidate of candidates) {
    const { path } = candidate;
    budget.enter('verification', path);
    const selected = await skipOnFailure(skipped, path, () => prepare(candidate, load, policy, budget));
    if (selected === undefined) continue;
    budget.enter('start', path);
    const starts =
      executors.needsPython(load.executor, whyProcess(load)) && (await prepareStart(executors.startOptions, signal));
    budget.check();
    const chosen = startChosen(load, executors, `load ${selected.manifest.name}`);
    if (starts) await nextTurn();
    const fitting = await skipOnFailure(skipped, path, () => fitPython(selected, chosen, load, executors));
    if (fitting !== undefined) return { selected, skipped, chosen: fitting };
  }
  throw skipped[0]?.reason;
}

/** @throws what starting the executor throws. */
function startChosen(load: PackageLoad, executors: ExecutorPool, doing: string): ChosenExecutor {
  const { executor, options } = load;
  if (executor !== 'auto') return { started: executors.start(executor, doing, options.process), reason: undefined };
  const reason = whyProcess(load);
  if (reason === undefined) return executors.startAuto(doing);
  return { started: executors.start('process', doing, options.process), reason };
}

/** The executor with a Python that can run the package: with `auto` it may be a child process with another Python. */
function fitPython(
  selected: SelectedPackage,
  chosen: ChosenExecutor,
  { executor, options }: PackageLoad,
  executors: ExecutorPool,
): ChosenExecutor {
  // What it says wrongly no other Python meets.
  requiredPython(selected);
  try {
    requirePythonFor(selected, chosen.started.python);
    return chosen;
  } catch (error) {
    if (executor !== 'auto' || options.process?.python !== undefined || !isFidiusError(error)) throw error;
    return { ...findPythonFor(selected, executors, options.process, error), reason: error.message };
  }
}

function whyProcess({ processReason, options }: PackageLoad): string | undefined {
  if (options.process !== undefined) return 'The load sets options of the executor "process"';
  return processReason;
}

async function prepare(
  { path, manifest: found }: Candidate,
  { definition, signers }: PackageLoad,
  policy: PackagePolicy,
  budget: LoadBudget,
): Promise<SelectedPackage> {
  // The package may have changed since. A package that does not match is not unpacked first.
  if (found !== undefined) checkManifest(path, found, { definition });
  const prepared = await policy.prepare(path, {
    signal: budget.signal,
    signers,
    onProgress: (done, total) => budget.report({ phase: 'verification', done, total }),
  });
  const { manifest } = prepared;
  if (found !== undefined) requireUnchanged(path, found, manifest);
  checkManifest(path, manifest, { definition });
  return { ...prepared, manifest };
}

/** @throws FidiusError `FIDIUS_PACKAGE_CHANGED`. */
function requireUnchanged(path: string, found: Manifest, manifest: Manifest): void {
  if (manifest.name === found.name && manifest.version === found.version) return;
  const [now, then] = [manifest, found].map(({ name, version }) => `${name} ${version}`);
  const message = `Cannot load ${path}: it changed during the load. It was ${then}, and is now ${now}`;
  throw new FidiusError('FIDIUS_PACKAGE_CHANGED', message, { hint: 'Load it again.' });
}

/** @returns the result of `body`; `undefined` when it throws a FidiusError about the package, which is then noted. */
async function skipOnFailure<T>(
  skipped: SkippedPackage[],
  path: string,
  body: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await body();
  } catch (reason) {
    // An unusable store concerns every package.
    if (!isFidiusError(reason) || reason.code.startsWith('FIDIUS_STORE_')) throw reason;
    skipped.push({ path, reason });
    return undefined;
  }
}

/** What the host knows about a load and the interpreter does not. */
interface LoadFacts {
  readonly selected: Pick<SelectedPackage, 'path' | 'folder' | 'manifest'>;
  readonly vendorConflicts: readonly VendorConflict[];
  readonly start: StartOptions;
}

/** Loads a package. When that fails for a reason that only the host knows, the error names the reason and what to do. */
export async function explainFailure<T>(facts: LoadFacts, load: () => T | Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    throw explainCollision(error, facts) ?? explainMissing(error, facts) ?? explainEntryModule(error, facts) ?? error;
  }
}

/**
 * The vendored module of another package has the same name. The hint of that error, to rename the module, is not for the
 * author of a package that only vendors it.
 */
function explainCollision(error: LoadError, { vendorConflicts }: LoadFacts): LoadError | undefined {
  const isVendored = error.collidingPaths?.some((path) => path.split(/[\\/]/).includes(vendorFolder)) ?? false;
  const [first, ...others] = vendorConflicts.map(describeVendorConflict);
  if (!isVendored || first === undefined) return undefined;
  const message = [reasonOf(error), ...[first, ...others].map((each) => each.message)].join('; ');
  return new LoadError('FIDIUS_MODULE_COLLISION', message, error, { cause: error, hint: first.hint });
}

/**
 * A module that the package requires and does not bring. It may be in the `.venv` of the current folder, which an isolated
 * Python uses only when it is named.
 */
function explainMissing(error: LoadError, { selected, start }: LoadFacts): LoadError | undefined {
  const { cause } = error;
  if (error.code !== 'FIDIUS_IMPORT_FAILED') return undefined;
  if (!isPluginError(cause) || cause.pythonType !== 'ModuleNotFoundError') return undefined;
  const isUnnamed = start.isolatePython === true && start.python === undefined && start.libpython === undefined;
  const folder = isUnnamed ? findImplicitEnvironment() : undefined;
  const missing = explainMissingModule(cause.message, selected);
  const fact = missing?.fact ?? '';
  const environmentHint =
    folder === undefined
      ? undefined
      : `The host isolates Python and does not use ${folder}, because it was not named. If the module is there, open the host with \`python: '.venv'\`.`;
  const hint = environmentHint ?? missing?.hint ?? error.hint;
  return new LoadError(error.code, `${reasonOf(error)}${fact}`, error, { cause, hint });
}

/** The manifest names a module that the package does not have: the hint names those that it has. */
function explainEntryModule(error: LoadError, { selected }: LoadFacts): LoadError | undefined {
  if (error.code !== 'FIDIUS_ENTRY_MODULE_NOT_FOUND') return undefined;
  const modules = topModules(selected.folder);
  const hint =
    modules.length === 0
      ? `Put the file of ${error.module} into the package.`
      : `Set entry_module in package.toml to a module of the package: ${modules.join(', ')}.`;
  return new LoadError(error.code, reasonOf(error), error, { hint });
}

function reasonOf(error: LoadError): string {
  return error.message.slice(`Cannot load ${error.path}: `.length);
}
