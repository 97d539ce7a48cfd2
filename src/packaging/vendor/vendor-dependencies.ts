import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { checkSignal, throwIfAborted } from '../../errors/option-values.ts';
import { checkChoice, checkOptionNames } from '../../errors/options.ts';
import { settleByteCode } from '../byte-code.ts';
import { ioCode } from '../io-error.ts';
import { type Manifest, type PythonManifest, readManifest } from '../manifest.ts';
import { listPackageFiles } from '../package-files.ts';
import { createStagingBeside } from '../staging.ts';
import { askPython } from './ask-python.ts';
import { refuseEditable, requireArrived } from './check-installed.ts';
import { type Distribution, readDistributions, vendorFolder } from './distributions.ts';
import { chooseInstaller, type InstallerName, install } from './installer.ts';
import { type VendorRecord, vendorRecordName } from './vendor-record.ts';

export interface VendorOptions {
  /** The Python to vendor for: the one that will run the plugin, not just any. Default `python3`. */
  readonly python?: string | undefined;
  /** Default `auto`: uv when it is on the path, otherwise the pip of {@link VendorOptions.python}. */
  readonly installer?: 'auto' | InstallerName | undefined;
  /** Folder of wheels to install from; nothing is then fetched from anywhere else. */
  readonly wheels?: string | undefined;
  /** A constraints file. */
  readonly constraints?: string | undefined;
  /** Refuses every requirement without a hash. Default `false`: hashes are checked where the requirements have them. */
  readonly requireHashes?: boolean | undefined;
  /** Vendors again although the package has a `vendor` folder, and replaces that. Default `false`. */
  readonly refresh?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was done: `kept` what was vendored before, found that there is `nothing` to vendor, or `vendored`. */
export interface VendorOutcome {
  readonly status: 'kept' | 'nothing' | 'vendored';
  /** What now lies in the `vendor` folder. */
  readonly distributions: readonly Distribution[];
}

const optionNames = ['constraints', 'installer', 'python', 'refresh', 'requireHashes', 'signal', 'wheels'];

/**
 * Installs what the requirements file of a Python package asks for into its `vendor` folder.
 *
 * The folder appears when it is complete: a failure or an abort leaves the package as it was.
 *
 * @throws ManifestError; FidiusError `FIDIUS_VENDOR_REQUIREMENTS`, `FIDIUS_VENDOR_NO_INSTALLER`, `FIDIUS_VENDOR_FAILED`; the
 * reason of `signal`.
 */
export async function vendorDependencies(dir: string, options: VendorOptions = {}): Promise<VendorOutcome> {
  checkOptionNames('vendorDependencies()', options, optionNames);
  checkSignal(options.signal, 'vendorDependencies()');
  const { python = 'python3', installer = 'auto', requireHashes = false, refresh = false, signal } = options;
  checkChoice('vendorDependencies()', 'installer', installer, ['auto', 'pip', 'uv']);
  throwIfAborted(signal);
  const manifest = readManifest(dir);
  const target = join(dir, vendorFolder);
  const state = await findVendorState(dir, manifest, { refresh });
  if (state !== 'needed' || manifest.runtime !== 'python') {
    return { status: state === 'kept' ? 'kept' : 'nothing', distributions: readDistributions(target) };
  }

  const used = installer === 'auto' ? await chooseInstaller() : installer;
  const requirements = requirementsOf(resolve(dir), manifest);
  refuseEditable(requirements);
  const staging = await createStagingBeside(resolve(dir));
  const built = staging.shownPath;
  try {
    await mkdir(built, { mode: 0o700 });
    await install(used, {
      python,
      target: built,
      requirements,
      constraints: options.constraints && resolve(options.constraints),
      wheels: options.wheels && resolve(options.wheels),
      requireHashes,
      cwd: resolve(dir),
      signal,
    });
    requireArrived(built, requirements, used);
    const distributions = await finish(built, used, python);
    await staging.replaceFolder(target);
    return { status: 'vendored', distributions };
  } catch (cause) {
    throwIfAborted(signal);
    if (ioCode(cause) === undefined || isFidiusError(cause)) throw cause;
    throw new FidiusError('FIDIUS_VENDOR_FAILED', `Cannot vendor dependencies of ${dir}: ${messageOf(cause)}`, {
      cause,
    });
  } finally {
    await staging.remove();
  }
}

/** Whether there is something to vendor; a `vendor` folder that is there stays unless `refresh` says otherwise. */
export async function findVendorState(
  dir: string,
  manifest: Manifest,
  { refresh = false }: { readonly refresh?: boolean } = {},
): Promise<'kept' | 'needed' | 'nothing'> {
  if (manifest.runtime !== 'python') return 'nothing';
  const isVendored = await exists(join(dir, vendorFolder));
  if (isVendored && !refresh) return 'kept';
  if (await exists(requirementsOf(dir, manifest))) return 'needed';
  return isVendored ? 'kept' : 'nothing';
}

/** Cleans what was installed, and records what and for whom. */
async function finish(built: string, installer: InstallerName, python: string): Promise<readonly Distribution[]> {
  await settleByteCode(built, await listPackageFiles(built, { signatures: 'keep' }), 'remove');
  const distributions = readDistributions(built);
  const record: VendorRecord = {
    format: 1,
    installer,
    python: await askPython(python),
    platform: platform(),
    distributions,
  };
  await writeFile(join(built, vendorRecordName), `${JSON.stringify(record, undefined, 2)}\n`);
  // It was private while it was built.
  await chmod(built, 0o755);
  return distributions;
}

function requirementsOf(dir: string, { python }: PythonManifest): string {
  const path = resolve(dir, python.requirements);
  if (!relative(resolve(dir), path).startsWith('..')) return path;
  throw new FidiusError(
    'FIDIUS_VENDOR_REQUIREMENTS',
    `Cannot vendor dependencies of ${dir}: the requirements file ${JSON.stringify(python.requirements)} lies outside the package`,
    { hint: 'Put it into the package, and name it relative to its folder in `[python].requirements`.' },
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
