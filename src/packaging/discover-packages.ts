import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { FidiusError } from '../errors/fidius-error.ts';
import { ioCode, isError, messageOf } from '../errors/is-error.ts';
import { checkOptionNames, checkSignal, throwIfAborted } from '../errors/options.ts';
import { hasControls, shown } from '../errors/shown.ts';
import { readForeignHead } from '../files/open-foreign-file.ts';
import { CooperativeYield } from './files/cooperative-yield.ts';
import { type Manifest, readManifest } from './manifest/manifest.ts';
import { manifestFileName } from './manifest/manifest-text.ts';

/** A package in a search path. */
export interface FoundPackage {
  /** Absolute path of its folder or archive. */
  readonly path: string;
  /** `folder`: a folder with a `package.toml`; `archive`: a file that `packPackage()` or the Rust tool wrote. */
  readonly kind: 'archive' | 'folder';
  /** The manifest, checked. The package itself was not verified. */
  readonly manifest: Manifest;
}

/** A package that cannot be used, or a search path that cannot be listed. */
export interface SkippedPackage {
  /** Absolute path of the package or of the search path. */
  readonly path: string;
  /** Why it was skipped, usually a `FidiusError` with a code. */
  readonly reason: Error;
}

/** Packages with the same name. A host must select one of them. */
export interface DuplicateName {
  /** The name in the manifests. */
  readonly name: string;
  /** In the order in which they were found. */
  readonly packages: readonly FoundPackage[];
}

/** The result of listing search paths. */
export interface Discovery {
  /** The readable packages, in the order of the search paths, then by file name. */
  readonly packages: readonly FoundPackage[];
  /** The packages and search paths that cannot be used, with the reasons. */
  readonly skipped: readonly SkippedPackage[];
  /** The names that several packages have. */
  readonly duplicates: readonly DuplicateName[];
}

/** Options of listing packages. */
export interface DiscoverOptions {
  /**
   * Cancels the search. The promise is rejected with the reason of the signal.
   *
   * @default `undefined`
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists the packages directly below search paths: folders with a `package.toml`, and archives, whatever their extension.
 *
 * Packages are in the order of the search paths, then by name. No package is run, verified or unpacked. A broken
 * package is reported and does not affect others. A missing search path counts as empty, because users may create it
 * later.
 */
export async function discoverPackages(
  searchPaths: readonly string[],
  options: DiscoverOptions = {},
): Promise<Discovery> {
  checkOptionNames('discoverPackages()', options, ['signal']);
  checkSignal(options.signal, 'discoverPackages()');
  const yielding = new CooperativeYield(options.signal);
  const packages: FoundPackage[] = [];
  const skipped: SkippedPackage[] = [];
  for (const searchPath of searchPaths) {
    for (const path of listEntries(searchPath, skipped)) {
      if (yielding.isDue) await yielding.pause();
      try {
        const found = await readPackage(path, options.signal);
        if (found !== undefined) packages.push(found);
      } catch (reason) {
        throwIfAborted(options.signal);
        skipped.push({ path, reason: isError(reason) ? reason : new Error(messageOf(reason)) });
      }
    }
  }
  return { packages, skipped, duplicates: findDuplicates(packages) };
}

function listEntries(searchPath: string, skipped: SkippedPackage[]): readonly string[] {
  try {
    // Hidden entries include incomplete packages (see `Staging`).
    const names = readdirSync(searchPath).filter((name) => !name.startsWith('.'));
    return names.sort().map((name) => resolve(searchPath, name));
  } catch (cause) {
    if (ioCode(cause) !== 'ENOENT') {
      const message = `Cannot list the search path ${searchPath}: ${messageOf(cause)}`;
      const hint = 'Pass folders that contain packages as search paths.';
      skipped.push({
        path: resolve(searchPath),
        reason: new FidiusError('FIDIUS_SEARCH_PATH_UNREADABLE', message, { cause, hint }),
      });
    }
    return [];
  }
}

async function readPackage(path: string, signal: AbortSignal | undefined): Promise<FoundPackage | undefined> {
  if (hasControls(basename(path))) {
    const message = `Cannot use ${shown(path)}: its name contains a control character or a mark of text direction`;
    throw new FidiusError('FIDIUS_PACKAGE_FILE_NAME', message, { hint: 'Rename it.' });
  }
  if (existsSync(join(path, manifestFileName))) return { path, kind: 'folder', manifest: readManifest(path) };
  if (!path.endsWith('.fid') && !looksLikeArchive(path)) return undefined;
  // Imported when there is an archive: most hosts start without one.
  const { readArchiveManifest } = await import('./on-demand.ts');
  return { path, kind: 'archive', manifest: await readArchiveManifest(path, { signal }) };
}

/** Archives may have any extension, but they all begin as bzip2 data with a block in it. */
function looksLikeArchive(path: string): boolean {
  try {
    const head = readForeignHead(path, { links: 'follow', bytes: 10 });
    return /^BZh[1-9]1AY&SY$/.test(head.toString('latin1'));
  } catch {
    return false;
  }
}

function findDuplicates(packages: readonly FoundPackage[]): readonly DuplicateName[] {
  const byName = new Map<string, FoundPackage[]>();
  for (const found of packages) {
    const same = byName.get(found.manifest.name);
    if (same === undefined) byName.set(found.manifest.name, [found]);
    else same.push(found);
  }
  return [...byName].filter(([, same]) => same.length > 1).map(([name, same]) => ({ name, packages: same }));
}
