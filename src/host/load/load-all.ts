import { dirname } from 'node:path';
import type { Interface } from '../../contract/interface.ts';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { LoadError } from '../../errors/load-error.ts';
import type { ExecutorChoice } from '../../executor/executor.ts';
import type { Discovery, FoundPackage } from '../../packaging/discover-packages.ts';
import { offersInterface } from './check-manifest.ts';
import type { SearchPath } from './package-not-found.ts';
import { selectPackages } from './select-packages.ts';

/** A package that `PluginHost.loadAll()` did not load. */
export interface LoadFailure {
  /** The name in its manifest; `undefined` if the manifest cannot be read. */
  readonly name: string | undefined;
  /** Absolute path of the package, or of a search path that cannot be listed. */
  readonly path: string;
  /** What `PluginHost.load()` would throw, or why the package was skipped. */
  readonly error: Error;
}

/** The packages of one name that offer an interface, the preferred one first. */
export interface Offer {
  readonly name: string;
  readonly packages: readonly [FoundPackage, ...FoundPackage[]];
}

/**
 * How many packages are verified and unpacked at the same time. Modules are imported one after another in any case, and with
 * `inline` the import blocks the thread that would verify the others.
 */
function loadsAtOnce(executor: ExecutorChoice): number {
  return executor === 'inline' ? 1 : 4;
}

/** Finds the packages that offer an interface: by the order of the search paths, then by name. One entry for each name. */
export async function findOffers(
  { packages }: Discovery,
  searchPaths: readonly SearchPath[],
  definition: Interface,
): Promise<readonly Offer[]> {
  const offering = packages.filter(({ manifest }) => offersInterface(manifest, definition));
  const places = new Map<string, number>();
  for (const { path, manifest } of offering) {
    if (!places.has(manifest.name))
      places.set(
        manifest.name,
        searchPaths.findIndex((each) => each.path === dirname(path)),
      );
  }
  const discovery = { packages: offering, skipped: [], duplicates: [] };
  const ordered = [...places].toSorted(([a, placeOfA], [b, placeOfB]) => placeOfA - placeOfB || (a < b ? -1 : 1));
  return Promise.all(
    ordered.map(async ([name]) => ({
      name,
      packages: await selectPackages(discovery, searchPaths, { name, version: undefined }),
    })),
  );
}

/**
 * Loads one package of each name.
 *
 * @param load loads it. `turn` settles when the loads before it have ended: it is imported after them, so that which of two
 *   packages is refused for a conflict does not depend on the time that their verification takes.
 * @returns plugins and failures, each in the order of the offers.
 * @throws an error that concerns the host and not a package, when all loads have ended.
 */
export async function loadOffers<P>(
  offers: readonly Offer[],
  executor: ExecutorChoice,
  load: (offer: Offer, turn: Promise<unknown>) => Promise<P>,
): Promise<{ readonly plugins: readonly P[]; readonly failures: readonly LoadFailure[] }> {
  const outcomes: ({ readonly plugin: P } | { readonly failure: LoadFailure } | undefined)[] = [];
  const waiting = offers.entries();
  let turn: Promise<unknown> = Promise.resolve();
  let hostFailure: { readonly error: unknown } | undefined;

  const work = async () => {
    for (const [index, offer] of waiting) {
      const loading = load(offer, turn);
      // A load that fails early does not give its successor the turn of those before it.
      turn = Promise.allSettled([turn, loading]);
      try {
        outcomes[index] = { plugin: await loading };
      } catch (error) {
        if (isAboutPackage(error)) outcomes[index] = { failure: failureOf(offer, error) };
        else hostFailure ??= { error };
      }
      if (hostFailure !== undefined) return;
    }
  };
  await Promise.all(Array.from({ length: loadsAtOnce(executor) }, work));

  if (hostFailure !== undefined) throw hostFailure.error;
  return {
    plugins: outcomes.flatMap((each) => (each !== undefined && 'plugin' in each ? [each.plugin] : [])),
    failures: outcomes.flatMap((each) => (each !== undefined && 'failure' in each ? [each.failure] : [])),
  };
}

/** Codes of errors that every other package would have as well, such as a closed host or a missing Python. */
const hostCodes =
  /^FIDIUS_(?:(?:ARGUMENT|EXECUTOR|GIL|HOST|KOFFI|LIBPYTHON|OPTION|PYTHON)_|LOAD_ABORTED$|RUNTIME_MISSING$)/;

function isAboutPackage(error: unknown): error is Error {
  return isFidiusError(error) && !hostCodes.test(error.code);
}

function failureOf({ name, packages: [preferred] }: Offer, error: Error): LoadFailure {
  return { name, path: error instanceof LoadError ? error.path : preferred.path, error };
}
