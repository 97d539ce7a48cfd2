import type { Interface } from '../contract/interface.ts';
import { FidiusError, isFidiusError } from '../errors/fidius-error.ts';
import type { FoundPackage, SkippedPackage } from '../packaging/discover-packages.ts';
import type { Manifest, PythonManifest } from '../packaging/manifest/manifest.ts';
import { requireVendoredFor } from '../packaging/vendor/check-vendored.ts';
import type { TargetPython } from '../packaging/vendor/python-compatibility.ts';
import { checkInterface } from './check-interface.ts';
import { checkPythonManifest } from './load-python-plugin.ts';
import type { AdmitOptions, AdmittedPackage, PackagePolicy } from './package-policy.ts';

export interface Admission {
  readonly admitted: AdmittedPackage & { readonly manifest: PythonManifest };
  /** Packages that would have been taken, had there been nothing wrong with them. */
  readonly passedOver: readonly SkippedPackage[];
}

export interface AdmissionSteps {
  /** Is called before a package is looked at. What it throws ends the admission. */
  readonly onAttempt?: ((path: string) => void) | undefined;
  /** Is called once there is a package that may run; tells what its vendored code has to fit. */
  readonly startPython: (path: string) => TargetPython;
}

/**
 * The first of several packages that may run and can: so that a bad one does not stand in the way of a good one.
 *
 * @throws what was wrong with the first, when something is wrong with each; what {@link AdmissionSteps} throw.
 */
export async function admitFirst(
  candidates: readonly [FoundPackage, ...FoundPackage[]],
  definition: Interface,
  policy: PackagePolicy,
  { startPython, onAttempt, ...options }: AdmitOptions & AdmissionSteps,
): Promise<Admission> {
  const passedOver: SkippedPackage[] = [];
  for (const candidate of candidates) {
    const { path } = candidate;
    onAttempt?.(path);
    const admitted = await attempt(passedOver, path, () => admit(candidate, definition, policy, options));
    if (admitted === undefined) continue;
    const python = startPython(path);
    const runs = await attempt(passedOver, path, () => {
      requireVendoredFor(admitted.folder, python);
      return true;
    });
    if (runs === true) return { admitted, passedOver };
  }
  throw passedOver[0]?.reason;
}

async function admit(
  { path, manifest: found }: FoundPackage,
  definition: Interface,
  policy: PackagePolicy,
  options: AdmitOptions,
): Promise<AdmittedPackage & { readonly manifest: PythonManifest }> {
  // What was found may not be what is there now, but as long as it is, there is no need to unpack it first.
  checkManifest(path, found, definition);
  const admitted = await policy.admit(path, options);
  const { manifest } = admitted;
  if (manifest.name !== found.name || manifest.version !== found.version) {
    const [now, then] = [manifest, found].map(({ name, version }) => `${name} ${version}`);
    throw new FidiusError('FIDIUS_PACKAGE_CHANGED', `Cannot load ${path}: it is ${now} by now, and was ${then}`);
  }
  checkManifest(path, manifest, definition);
  return { ...admitted, manifest };
}

function checkManifest(path: string, manifest: Manifest, definition: Interface): asserts manifest is PythonManifest {
  checkPythonManifest(path, manifest, definition.descriptor);
  checkInterface(path, manifest, definition);
}

/** What `body` gives; nothing when it complains about the package, which is then noted. */
async function attempt<T>(
  passedOver: SkippedPackage[],
  path: string,
  body: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await body();
  } catch (reason) {
    // A store that cannot be used is no fault of a package.
    if (!isFidiusError(reason) || reason.code.startsWith('FIDIUS_STORE_')) throw reason;
    passedOver.push({ path, reason });
    return undefined;
  }
}
