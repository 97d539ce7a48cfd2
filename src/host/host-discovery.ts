import { type DiscoverOptions, type Discovery, discoverPackages } from '../packaging/discover-packages.ts';
import { discoverVendorConflicts, type VendorConflict } from '../packaging/vendor/vendor-conflicts.ts';

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
