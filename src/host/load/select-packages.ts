import { dirname } from 'node:path';
import { closest } from '../../errors/closest.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { Discovery, FoundPackage } from '../../packaging/discover-packages.ts';

/** What a host asks for. */
export interface PackageQuery {
  /** As `package.toml` gives it. */
  readonly name: string;
  /** A range as npm writes it, or the very text of a version; any version when left out. */
  readonly version: string | undefined;
}

/**
 * The packages that a query fits, the one to take first.
 *
 * Search paths come in their order, as folders of programs do in `PATH`; within one, the highest version comes first, and
 * those of equal version in the order of their names.
 *
 * @throws FidiusError `FIDIUS_PLUGIN_NOT_FOUND`, with what was searched and what was passed over; `FIDIUS_PLUGIN_VERSION`.
 */
export async function choosePackages(
  discovery: Discovery,
  searchPaths: readonly string[],
  { name, version }: PackageQuery,
): Promise<readonly [FoundPackage, ...FoundPackage[]]> {
  const named = discovery.packages.filter(({ manifest }) => manifest.name === name);
  if (named.length === 0) throw notFound(discovery, searchPaths, name);
  const [first, ...others] = version === undefined && named.length === 1 ? named : await sortByFit(named, version);
  if (first === undefined) throw otherVersions(named, name, version ?? '');
  return [first, ...others];
}

async function sortByFit(named: readonly FoundPackage[], range: string | undefined): Promise<readonly FoundPackage[]> {
  // Most hosts never need to compare versions; those that do can wait for what it takes.
  const { compareVersions, isInRange } = await import('../policy/version-range.ts');
  const fitting = named.filter(({ manifest }) => range === undefined || isInRange(manifest.version, range));
  const searchPaths = [...new Set(named.map(({ path }) => dirname(path)))];
  const places = new Map(searchPaths.map((path, index) => [path, index]));
  const placeOf = ({ path }: FoundPackage) => places.get(dirname(path)) ?? 0;
  return fitting.toSorted((a, b) => placeOf(a) - placeOf(b) || compareVersions(a.manifest.version, b.manifest.version));
}

function notFound({ packages, skipped }: Discovery, searchPaths: readonly string[], name: string): FidiusError {
  const near = closest(
    name,
    packages.map(({ manifest }) => manifest.name),
  );
  const passedOver = skipped.map(({ path, reason }) => `\n  passed over ${path}: ${reason.message.split('\n', 1)[0]}`);
  return new FidiusError(
    'FIDIUS_PLUGIN_NOT_FOUND',
    `No package named ${name} in ${searchPaths.length === 0 ? 'any search path, there are none' : searchPaths.join(', ')}${passedOver.join('')}`,
    {
      hint: near === undefined ? 'Check the name in package.toml and the searchPaths of the host.' : `Load "${near}".`,
    },
  );
}

function otherVersions(named: readonly FoundPackage[], name: string, range: string): FidiusError {
  const found = named.map(({ path, manifest }) => `${manifest.version} (${path})`).join(', ');
  return new FidiusError('FIDIUS_PLUGIN_VERSION', `No package named ${name} has a version in ${range}, but ${found}`, {
    hint: 'Widen the range, or install another version.',
  });
}
