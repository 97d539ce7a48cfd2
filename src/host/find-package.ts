import { type Dirent, existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { closest } from '../errors/closest.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { loadManifest, type Manifest } from '../packaging/manifest.ts';

/** A package in a search path. */
export interface FoundPackage {
  /** Absolute path of its folder. */
  readonly path: string;
  readonly manifest: Manifest;
}

/** A folder with a manifest that cannot be used, or a search path that cannot be listed. */
export interface SkippedPackage {
  readonly path: string;
  readonly reason: Error;
}

export interface Discovery {
  readonly packages: readonly FoundPackage[];
  readonly skipped: readonly SkippedPackage[];
}

/**
 * Looks at every folder directly below the search paths that holds a `package.toml`. Runs no code of any package.
 *
 * In the order of the search paths, sorted by name within each; what is broken is reported and stops nobody else.
 */
export function discover(searchPaths: readonly string[]): Discovery {
  const packages: FoundPackage[] = [];
  const skipped: SkippedPackage[] = [];
  const attempt = (path: string, body: () => void) => {
    try {
      body();
    } catch (error) {
      skipped.push({ path, reason: error instanceof Error ? error : new Error(String(error)) });
    }
  };
  for (const searchPath of searchPaths) {
    attempt(searchPath, () => {
      for (const path of packageFolders(searchPath)) {
        attempt(path, () => packages.push({ path, manifest: loadManifest(path) }));
      }
    });
  }
  return { packages, skipped };
}

/**
 * The first package of a name.
 *
 * @throws FidiusError `FIDIUS_PLUGIN_NOT_FOUND`, with what was searched and what was passed over.
 */
export function findPackage(searchPaths: readonly string[], name: string): FoundPackage {
  const { packages, skipped } = discover(searchPaths);
  const found = packages.find(({ manifest }) => manifest.name === name);
  if (found !== undefined) return found;

  const near = closest(
    name,
    packages.map(({ manifest }) => manifest.name),
  );
  const passedOver = skipped.map(({ path, reason }) => `\n  passed over ${path}: ${reason.message.split('\n', 1)[0]}`);
  throw new FidiusError(
    'FIDIUS_PLUGIN_NOT_FOUND',
    `No package named ${name} in ${searchPaths.length === 0 ? 'any search path, there are none' : searchPaths.join(', ')}${passedOver.join('')}`,
    {
      hint: near === undefined ? 'Check the name in package.toml and the searchPaths of the host.' : `Load "${near}".`,
    },
  );
}

/** A folder that is not there holds no packages: hosts name folders that users may create later. */
function packageFolders(searchPath: string): string[] {
  if (!existsSync(searchPath)) return [];
  return list(searchPath)
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => resolve(searchPath, entry.name))
    .filter((path) => existsSync(join(path, 'package.toml')))
    .sort();
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FidiusError('FIDIUS_SEARCH_PATH_UNREADABLE', `Cannot list the search path ${folder}: ${reason}`, {
      cause,
      hint: 'Name folders as searchPaths: those whose subfolders are packages.',
    });
  }
}
