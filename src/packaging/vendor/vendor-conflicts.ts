import { join } from 'node:path';
import { shown } from '../../errors/shown.ts';
import { TimeSlice } from '../time-slice.ts';
import { type Distribution, normalizeName, readDistributions, vendorFolder } from './distributions.ts';

/** One distribution that several packages bring along in different versions. */
export interface VendorConflict {
  /** Its name, in the form that all spellings share. */
  readonly distribution: string;
  /** What each package brings, in order of the packages. */
  readonly versions: readonly { readonly package: string; readonly version: string }[];
}

/** What users know a package by, and its folder. */
export interface VendoringPackage {
  readonly name: string;
  readonly dir: string;
}

/** A package and what it brings along. */
export interface VendoredPackage extends VendoringPackage {
  readonly distributions: readonly Distribution[];
}

/**
 * Finds distributions that packages bring along in different versions.
 *
 * In one interpreter a module exists once, and a package never runs the module of another: whichever imports it second
 * fails, unless both files are the same.
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

/** Reads what a package brings along. */
export function readVendored({ name, dir }: VendoringPackage): VendoredPackage {
  return { name, dir, distributions: readDistributions(join(dir, vendorFolder)) };
}

/** Reads any number of packages, without holding up the event loop, and compares them. @throws the reason of `signal`. */
export async function discoverVendorConflicts(
  packages: readonly VendoringPackage[],
  signal?: AbortSignal,
): Promise<readonly VendorConflict[]> {
  const slice = new TimeSlice(signal);
  const vendored: VendoredPackage[] = [];
  for (const each of packages) {
    if (slice.isOver) await slice.rest();
    vendored.push(readVendored(each));
  }
  return findVendorConflicts(vendored);
}

/** A conflict in words, and what to do about it. */
export function describeVendorConflict({ distribution, versions }: VendorConflict): {
  readonly message: string;
  readonly hint: string;
} {
  const found = versions.map(({ package: name, version }) => `${shown(version)} in ${shown(name)}`).join(', ');
  return {
    message: `${distribution} is vendored as ${found}, and one Python can import only one of them`,
    hint: `Vendor one version of ${distribution} in all of them, or run one of them in a program of its own.`,
  };
}
