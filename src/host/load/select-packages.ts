import { dirname } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import {
  type DiscoverOptions,
  type Discovery,
  discoverPackages,
  type FoundPackage,
} from '../../packaging/discover-packages.ts';
import { discoverVendorConflicts, type VendorConflict } from '../../packaging/vendor/vendor-conflicts.ts';
import { packageNotFound, type SearchPath } from './package-not-found.ts';

/** What a host finds in its search paths. */
export interface HostDiscovery extends Discovery {
  /**
   * Distributions that packages of different names, found as folders, bring along in different versions: one host cannot run
   * both. What an archive brings along is known when it is loaded.
   */
  readonly vendorConflicts: readonly VendorConflict[];
}

/** @throws the reason of `signal`. */
export async function discoverForHost(
  searchPaths: readonly string[],
  options: DiscoverOptions = {},
): Promise<HostDiscovery> {
  const discovery = await discoverPackages(searchPaths, options);
  const folders = discovery.packages.filter(({ kind }) => kind === 'folder');
  const conflicts = await discoverVendorConflicts(
    folders.map(({ path, manifest }) => ({ name: manifest.name, dir: path })),
    options.signal,
  );
  // Two versions of one package are an alternative: who asks for it gets one of them.
  const between = conflicts.filter(({ versions }) => new Set(versions.map((each) => each.package)).size > 1);
  return { ...discovery, vendorConflicts: between };
}

/** The package that a host asks for. */
export interface PackageQuery {
  /** The name in `package.toml`. */
  readonly name: string;
  /** A range in the syntax of npm, or the exact text of a version; `undefined`: any version. */
  readonly version: string | undefined;
}

/**
 * Selects the packages that match a query, in order of preference.
 *
 * The order of the search paths decides first, as with folders of programs in `PATH`; then the highest version; then the name
 * of the file or folder.
 *
 * @throws FidiusError `FIDIUS_PLUGIN_NOT_FOUND`, with the search paths, what is in them and what was skipped;
 *   `FIDIUS_PLUGIN_VERSION`.
 */
export async function selectPackages(
  discovery: Discovery,
  searchPaths: readonly SearchPath[],
  { name, version }: PackageQuery,
): Promise<readonly [FoundPackage, ...FoundPackage[]]> {
  const named = discovery.packages.filter(({ manifest }) => manifest.name === name);
  if (named.length === 0) throw packageNotFound(discovery, searchPaths, name);
  const [first, ...others] = version === undefined && named.length === 1 ? named : await sortByFit(named, version);
  if (first === undefined) throw otherVersions(named, name, version ?? '');
  return [first, ...others];
}

async function sortByFit(named: readonly FoundPackage[], range: string | undefined): Promise<readonly FoundPackage[]> {
  // Most hosts never compare versions, so the module is loaded when it is needed.
  const { compareVersions, isInRange } = await import('../policy/version-range.ts');
  const fitting = named.filter(({ manifest }) => range === undefined || isInRange(manifest.version, range));
  const searchPaths = [...new Set(named.map(({ path }) => dirname(path)))];
  const places = new Map(searchPaths.map((path, index) => [path, index]));
  const placeOf = ({ path }: FoundPackage) => places.get(dirname(path)) ?? 0;
  return fitting.toSorted((a, b) => placeOf(a) - placeOf(b) || compareVersions(a.manifest.version, b.manifest.version));
}

function otherVersions(named: readonly FoundPackage[], name: string, range: string): FidiusError {
  const found = named.map(({ path, manifest }) => `${manifest.version} (${path})`).join(', ');
  return new FidiusError(
    'FIDIUS_PLUGIN_VERSION',
    `No package named ${name} has a version in ${range}; found ${found}`,
    {
      hint: 'Widen the range, or install another version.',
    },
  );
}
