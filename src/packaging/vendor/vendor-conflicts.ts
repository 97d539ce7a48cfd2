import { join } from 'node:path';
import { shown } from '../../errors/shown.ts';
import { CooperativeYield } from '../files/cooperative-yield.ts';
import { type Distribution, normalizeName, readDistributions, vendorFolder } from './distributions.ts';

/** A distribution that several packages contain in different versions. */
export interface VendorConflict {
  /** Its normalized name (PEP 503). */
  readonly distribution: string;
  /** The version in each package, in the order of the packages. */
  readonly versions: readonly { readonly package: string; readonly version: string }[];
}

/** The name of a package, as users know it, and its folder. */
export interface VendoringPackage {
  readonly name: string;
  readonly dir: string;
}

/** A package and its vendored distributions. */
export interface VendoredPackage extends VendoringPackage {
  readonly distributions: readonly Distribution[];
}

/**
 * Finds distributions that packages contain in different versions.
 *
 * A module exists once in an interpreter, and a package never runs the module of another one. The second package that
 * imports the module fails, unless both files are equal.
 */
export function findVendorConflicts(packages: readonly VendoredPackage[]): readonly VendorConflict[] {
  const versions = new Map<string, { package: string; version: string }[]>();
  for (const { name, distributions } of packages) {
    for (const { name: written, version } of distributions) {
      const key = normalizeName(written);
      const found = versions.get(key);
      if (found === undefined) versions.set(key, [{ package: name, version }]);
      else found.push({ package: name, version });
    }
  }
  return [...versions]
    .filter(([, found]) => new Set(found.map(({ version }) => version)).size > 1)
    .map(([distribution, found]) => ({ distribution, versions: found }))
    .sort((a, b) => (a.distribution < b.distribution ? -1 : 1));
}

/** Reads the vendored distributions of a package. */
export function readVendored({ name, dir }: VendoringPackage): VendoredPackage {
  return { name, dir, distributions: readDistributions(join(dir, vendorFolder)) };
}

/** Reads any number of packages without blocking the event loop, and compares them. @throws the reason of `signal`. */
export async function discoverVendorConflicts(
  packages: readonly VendoringPackage[],
  signal?: AbortSignal,
): Promise<readonly VendorConflict[]> {
  const yielding = new CooperativeYield(signal);
  const vendored: VendoredPackage[] = [];
  for (const each of packages) {
    if (yielding.isDue) await yielding.pause();
    vendored.push(readVendored(each));
  }
  return findVendorConflicts(vendored);
}

/** The message for a conflict, and a hint. */
export function describeVendorConflict({ distribution, versions }: VendorConflict): {
  readonly message: string;
  readonly hint: string;
} {
  const found = versions.map(({ package: name, version }) => `${shown(version)} in ${shown(name)}`).join(', ');
  return {
    message: `${distribution} is vendored as ${found}, and one interpreter can import only one of them`,
    hint: `Vendor one version of ${distribution} in all of them, or run one of them in a separate process.`,
  };
}
