import { join } from 'node:path';
import { normalizeName, readDistributions, vendorFolder } from './distributions.ts';

/** One distribution that several packages bring along in different versions. */
export interface VendorConflict {
  /** Its name, in the form that all spellings share. */
  readonly distribution: string;
  /** What each package brings, in order of the packages. */
  readonly versions: readonly { readonly package: string; readonly version: string }[];
}

/**
 * Finds distributions that packages bring along in different versions.
 *
 * In one interpreter a module exists once: whichever package is loaded first decides the version for all of them. A host that
 * keeps them apart (in processes of their own) has nothing to fear.
 *
 * @param packages what users know each package by, and its folder.
 */
export function findVendorConflicts(
  packages: readonly { readonly name: string; readonly dir: string }[],
): readonly VendorConflict[] {
  const versions = new Map<string, { package: string; version: string }[]>();
  for (const { name, dir } of packages) {
    for (const distribution of readDistributions(join(dir, vendorFolder))) {
      const key = normalizeName(distribution.name);
      versions.set(key, [...(versions.get(key) ?? []), { package: name, version: distribution.version }]);
    }
  }
  return [...versions]
    .filter(([, found]) => new Set(found.map(({ version }) => version)).size > 1)
    .map(([distribution, found]) => ({ distribution, versions: found }))
    .sort((a, b) => (a.distribution < b.distribution ? -1 : 1));
}

/** A conflict in words, with what to do about it. */
export function describeVendorConflict({ distribution, versions }: VendorConflict): string {
  const found = versions.map(({ package: name, version }) => `${version} in ${name}`).join(', ');
  return `${distribution} is vendored as ${found}: the package that is loaded first decides for all. Vendor one version everywhere, or run one of them in a process of its own.`;
}
