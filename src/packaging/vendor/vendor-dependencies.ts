import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { ioCode, messageOf } from '../../errors/is-error.ts';
import { checkChoice, checkOptionNames, checkSignal, throwIfAborted } from '../../errors/options.ts';
import { applyByteCodePolicy } from '../files/byte-code.ts';
import { listPackageFiles } from '../files/package-files.ts';
import { createStagingNextTo } from '../files/staging.ts';
import { readManifest } from '../manifest/manifest.ts';
import {
  readDistributions,
  readVendoredDistributions,
  type VendoredDistribution,
  type VendorRecord,
  vendorFolder,
  vendorRecordName,
} from './distributions.ts';
import { requireInstalled, requireOrigins } from './install/check-installed.ts';
import { chooseInstaller, type InstallerName, install, missingInstaller } from './install/installer.ts';
import { installerEnvironment, runCommand } from './install/run-command.ts';
import { planRequirements } from './requirement-plan.ts';
import type { VendorProgress } from './vendor-progress.ts';
import { digestOfPlan, findVendorState, isCurrent, requirementsOf } from './vendor-state.ts';

/** Options of vendoring. */
export interface VendorOptions {
  /**
   * Python executable that will run the plugin: a name on PATH or a path.
   *
   * @default 'python3'
   */
  readonly python?: string | undefined;
  /**
   * Program that installs: pip 22.2 or later of {@link VendorOptions.python}, or uv 0.6.15 or later.
   *
   * @default 'auto': uv if it is on PATH, otherwise pip
   */
  readonly installer?: 'auto' | InstallerName | undefined;
  /**
   * Folder of wheels to install from. Nothing is then taken from anywhere else, and direct references are rejected.
   *
   * @default the index of the installer
   */
  readonly wheels?: string | undefined;
  /**
   * Allows source distributions, source folders and repositories, which have to be built. A build runs code of the
   * author with the rights of this process.
   *
   * @default false: only wheels are installed
   */
  readonly allowBuild?: boolean | undefined;
  /**
   * Path of a constraints file.
   *
   * @default no constraints
   */
  readonly constraints?: string | undefined;
  /**
   * Rejects every requirement without a hash.
   *
   * @default true if the requirements contain a hash, otherwise false
   */
  readonly requireHashes?: boolean | undefined;
  /**
   * Path of a requirements file to use in place of the one that the manifest names. It may be outside the package.
   *
   * @default the file in `[python].requirements` of the manifest
   */
  readonly requirements?: string | undefined;
  /**
   * Vendors again if the package already has a `vendor` folder, and replaces that folder. `'changed'`: only if the
   * requirements or the Python differ from those that it was made for; a folder that another tool made is kept.
   *
   * @default false
   */
  readonly refresh?: boolean | 'changed' | undefined;
  /**
   * Cancels the operation. The promise is rejected with the reason of the signal.
   *
   * @default `undefined`
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives the progress, on the JavaScript thread.
   *
   * @default `undefined`
   */
  readonly onProgress?: ((progress: VendorProgress) => void) | undefined;
}

/** Result: the existing folder was `kept`, there was `nothing` to vendor, or dependencies were `vendored`. */
export interface VendorOutcome {
  /** `kept`: a `vendor` folder existed; `nothing`: there are no requirements; `vendored`: the folder was written. */
  readonly status: 'kept' | 'nothing' | 'vendored';
  /** The distributions in the `vendor` folder. */
  readonly distributions: readonly VendoredDistribution[];
}

const optionNames = [
  'allowBuild',
  'constraints',
  'installer',
  'onProgress',
  'python',
  'refresh',
  'requireHashes',
  'requirements',
  'signal',
  'wheels',
];

/**
 * Installs what the requirements file of a Python package asks for into its `vendor` folder.
 *
 * The folder appears when it is complete: a failure or an abort leaves the package as it was.
 *
 * @throws ManifestError; FidiusError `FIDIUS_VENDOR_REQUIREMENTS`, `FIDIUS_VENDOR_BUILD`, `FIDIUS_VENDOR_NO_INSTALLER`,
 * `FIDIUS_VENDOR_FAILED`; the reason of `signal`.
 */
export async function vendorDependencies(dir: string, options: VendorOptions = {}): Promise<VendorOutcome> {
  checkOptionNames('vendorDependencies()', options, optionNames);
  checkSignal(options.signal, 'vendorDependencies()');
  const { refresh = false, installer = 'auto', requirements, signal } = options;
  checkChoice('vendorDependencies()', 'installer', installer, ['auto', 'pip', 'uv']);
  if (typeof refresh !== 'boolean') checkChoice('vendorDependencies()', 'refresh', refresh, ['changed']);
  throwIfAborted(signal);
  const manifest = readManifest(dir);
  const target = join(dir, vendorFolder);
  const state = await findVendorState(dir, manifest, { refresh: refresh !== false, requirements });
  if (state !== 'needed' || manifest.runtime !== 'python') {
    return { status: state === 'kept' ? 'kept' : 'nothing', distributions: readVendoredDistributions(target) };
  }
  return vendor(resolve(dir), requirementsOf(dir, manifest, requirements), target, options);
}

async function vendor(
  dir: string,
  requirements: string,
  target: string,
  options: VendorOptions,
): Promise<VendorOutcome> {
  const { python = 'python3', allowBuild = false, signal, onProgress } = options;
  const wheels = options.wheels === undefined ? undefined : resolve(options.wheels);
  const constraints = options.constraints === undefined ? undefined : resolve(options.constraints);
  const plan = planRequirements(requirements, { dir, constraints, wheelsOnly: wheels !== undefined, allowBuild });
  const requireHashes = options.requireHashes === true || plan.requireHashes;
  const staging = await createStagingNextTo(dir);
  const built = staging.shownPath;
  const work = join(dirname(built), 'scratch-vendor');
  try {
    await mkdir(built, { mode: 0o700 });
    await mkdir(work, { mode: 0o700 });
    const installer =
      options.installer === undefined || options.installer === 'auto' ? await chooseInstaller(work) : options.installer;
    const { executable, description } = await describePython(python, { installer, cwd: work, signal });
    const planned = digestOfPlan(plan);
    if (options.refresh === 'changed' && (await isCurrent(target, planned, description))) {
      return { status: 'kept', distributions: readVendoredDistributions(target) };
    }
    const task = {
      plan,
      file: requirements,
      target: built,
      work,
      wheels,
      requireHashes,
      allowBuild,
      signal,
      onProgress,
    };
    onProgress?.({ phase: 'resolving' });
    const sources = await install(installer, { ...task, python: executable });
    requireInstalled(built, plan, installer);
    const rules = { dir, installer, wheels, allowBuild, requireHashes, hashes: plan.hashes };
    const distributions = requireOrigins(readDistributions(built), sources, rules);
    const record = { format: 1, installer, python: description, platform: platform(), requirements: planned } as const;
    await finish(built, { ...record, distributions });
    await staging.replaceFolder(target);
    return { status: 'vendored', distributions };
  } catch (cause) {
    throwIfAborted(signal);
    if (ioCode(cause) === undefined || isFidiusError(cause)) throw cause;
    throw new FidiusError('FIDIUS_VENDOR_FAILED', `Cannot vendor dependencies of ${dir}: ${messageOf(cause)}`, {
      cause,
      hint: ioHint(cause),
    });
  } finally {
    await staging.remove();
  }
}

/** Removes byte-code, and writes the record. */
async function finish(built: string, record: VendorRecord): Promise<void> {
  await applyByteCodePolicy(built, await listPackageFiles(built, { signatures: 'include' }), 'remove');
  const path = join(built, vendorRecordName);
  // A wheel may contain anything under this name, also a folder.
  await rm(path, { recursive: true, force: true });
  await writeFile(path, `${JSON.stringify(record, undefined, 2)}\n`, { flag: 'wx' });
  // It was private while it was built.
  await chmod(built, 0o755);
}

const question = [
  'import json, platform, sys',
  'print(json.dumps({"executable": sys.executable, "version": platform.python_version(), "implementation": sys.implementation.name, "machine": platform.machine()}))',
].join('\n');

/** An interpreter, and the description of it for the record. */
export interface DescribedPython {
  /** Absolute: uv would look for a name in virtual environments of the current and parent folders first. */
  readonly executable: string;
  readonly description: VendorRecord['python'];
}

/**
 * Runs an interpreter once to find its path and version.
 *
 * @throws FidiusError `FIDIUS_VENDOR_FAILED`, `FIDIUS_VENDOR_NO_INSTALLER`; the reason of the signal.
 */
async function describePython(
  python: string,
  {
    installer,
    cwd,
    signal,
  }: { readonly installer: InstallerName; readonly cwd: string; readonly signal: AbortSignal | undefined },
): Promise<DescribedPython> {
  // A relative path starts in the folder of this process, a name is looked up in PATH.
  const command = /[\\/]/.test(python) ? resolve(python) : python;
  const options = { cwd, env: installerEnvironment(process.env, false), signal };
  const { exitCode, output } = await runCommand(command, ['-I', '-c', question], options).catch((cause: unknown) => {
    throwIfAborted(signal);
    throw missingInstaller(installer, command, messageOf(cause), cause);
  });
  try {
    const { executable, ...description } = JSON.parse(output.trim()) as VendorRecord['python'] & { executable: string };
    if (!isAbsolute(executable)) throw new Error(`it reported ${JSON.stringify(executable)} as its path`);
    return { executable, description };
  } catch (cause) {
    const message = `Cannot vendor dependencies: ${command} did not report its version (exit code ${exitCode}), but: ${output.trim()}`;
    throw new FidiusError('FIDIUS_VENDOR_FAILED', message, {
      cause,
      hint: 'Select another Python with the option `python`.',
    });
  }
}
