import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { ErrorCode } from '../../errors/codes.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { ioCode, messageOf } from '../../errors/is-error.ts';
import { throwIfAborted } from '../../errors/options.ts';
import { shown } from '../../errors/shown.ts';
import { Budget } from './budget.ts';

/** A file of a package. */
export interface PackageFile {
  /** Path below the package with `/` between its parts, on every system. */
  readonly path: string;
  /** The path for messages. */
  readonly source: string;
  /** The path to read from. It contains no links, so that it names the file that was listed. */
  readonly real: string;
}

export interface ListOptions {
  /** Whether files that end in `.sig` are listed. An archive contains them, the digest does not cover them. */
  readonly signatures: 'include' | 'exclude';
  /** Called with each excluded path. Paths of folders end in `/`. */
  readonly onExcluded?: ((path: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The most files, and the most folders. Default 1,000,000. */
  readonly maxEntries?: number | undefined;
}

const mostEntries = 1_000_000;
// Links to folders can multiply a few files into any number of paths.
const maxFolderLinks = 10_000;

/**
 * Lists the files of a package in byte order of their paths, which is the order of the digest and of archives.
 *
 * Links are followed if they stay in the package. Empty folders are not listed.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_LINK_BROKEN`, `FIDIUS_PACKAGE_LINK_CYCLE`, `FIDIUS_PACKAGE_LINK_ESCAPES`,
 * `FIDIUS_PACKAGE_FILE_TYPE`, `FIDIUS_PACKAGE_FILE_NAME`, `FIDIUS_PACKAGE_TOO_LARGE`, `FIDIUS_PACKAGE_UNREADABLE`; the
 * reason of `signal`.
 */
export async function listPackageFiles(dir: string, options: ListOptions): Promise<readonly PackageFile[]> {
  const root = await attempt(dir, () => realpath(dir));
  const walk = new PackageWalk(root, options);
  await walk.visit([], dir, [root]);
  return sortByPath(walk.files);
}

class PackageWalk {
  readonly files: PackageFile[] = [];
  readonly #root: string;
  readonly #options: ListOptions;
  readonly #budget: Budget;
  #folderLinks = 0;

  constructor(root: string, options: ListOptions) {
    this.#root = root;
    this.#options = options;
    const limits = { maxEntries: options.maxEntries ?? mostEntries };
    this.#budget = new Budget(limits, ({ of, limit }) => {
      return sizeError(root, of === 'depth' ? `${limit} levels of folders` : `${limit} ${of}`);
    });
  }

  /** @param realParents this folder and those around it, links resolved, outermost first. */
  async visit(folder: readonly string[], source: string, realParents: readonly string[]): Promise<void> {
    throwIfAborted(this.#options.signal);
    const realFolder = realParents.at(-1) ?? '';
    const entries = await attempt(source, () => readdir(realFolder, { withFileTypes: true, encoding: 'buffer' }));
    this.#budget.addFolders(folder);
    for (const entry of entries) {
      this.#budget.addEntry();
      const name = decodeName(entry.name, source);
      const parts = [...folder, name];
      const file = { path: parts.join('/'), source: join(source, name), real: join(realFolder, name) };
      const target = entry.isSymbolicLink() ? await statTarget(file.real) : entry;
      const isFolder = target?.isDirectory() === true;
      if (isFolder ? excludedFolders.includes(name) : this.#excludes(name)) {
        this.#options.onExcluded?.(isFolder ? `${file.path}/` : file.path);
        continue;
      }

      const real = entry.isSymbolicLink() ? await this.#follow(file, isFolder) : file.real;
      if (isFolder) {
        if (realParents.includes(real)) throw linkError('CYCLE', file.source, `to ${real}, which contains it`);
        await this.visit(parts, file.source, [...realParents, real]);
      } else if (target?.isFile() === true) this.files.push({ ...file, real });
      else throw typeError(file.source, target);
    }
  }

  #excludes(name: string): boolean {
    return this.#options.signatures === 'exclude' && isSignatureName(name);
  }

  async #follow({ source: link, real: path }: PackageFile, isFolder: boolean): Promise<string> {
    const real = await attempt(link, () => realpath(path), {
      ELOOP: () => linkError('CYCLE', link, 'to itself'),
      ENOENT: () => linkError('BROKEN', link, 'to a missing file'),
      ENOTDIR: () => linkError('BROKEN', link, 'to a missing file'),
    });
    this.#folderLinks += isFolder ? 1 : 0;
    if (this.#folderLinks > maxFolderLinks) throw sizeError(this.#root, `${maxFolderLinks} links to folders`);
    if (real === this.#root || real.startsWith(this.#root + sep)) return real;
    throw linkError('ESCAPES', link, `to ${real}, outside the package`);
  }
}

/** The target of a link; `undefined` on failure. Following the link then reports the reason. */
async function statTarget(link: string): Promise<Stats | undefined> {
  return stat(link).catch(() => undefined);
}

/** File names are bytes on Linux. A package must also work on systems where names are text. */
function decodeName(name: Buffer, folder: string): string {
  const text = name.toString();
  if (!Buffer.from(text).equals(name)) throw nameError(join(folder, text), 'is not UTF-8');
  // The Rust tool treats a backslash as a separator and then misses the file. Windows does not allow it in names.
  if (sep === '/' && text.includes('\\')) throw nameError(join(folder, text), 'contains a backslash');
  return text;
}

/** Byte order of UTF-8: JavaScript's own order differs from it beyond U+FFFF. */
export function sortByPath(files: readonly PackageFile[]): readonly PackageFile[] {
  return files
    .map((file) => ({ file, key: Buffer.from(file.path) }))
    .sort((a, b) => a.key.compare(b.key))
    .map(({ file }) => file);
}

async function attempt<T>(
  path: string,
  action: () => Promise<T>,
  explain: Readonly<Record<string, () => FidiusError>> = {},
): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw (
      explain[ioCode(cause) ?? '']?.() ??
      new FidiusError('FIDIUS_PACKAGE_UNREADABLE', `Cannot read ${shown(path)}: ${messageOf(cause)}`, {
        cause,
        hint: ioHint(cause),
      })
    );
  }
}

function linkError(kind: 'BROKEN' | 'CYCLE' | 'ESCAPES', link: string, where: string): FidiusError {
  const code: ErrorCode = `FIDIUS_PACKAGE_LINK_${kind}`;
  return new FidiusError(code, `Cannot read package: the link ${shown(link)} points ${shown(where)}`, {
    hint: 'Remove the link, or replace it with the file.',
  });
}

function sizeError(root: string, limit: string): FidiusError {
  return new FidiusError('FIDIUS_PACKAGE_TOO_LARGE', `Cannot read package: ${root} has more than ${limit}`, {
    hint: 'Remove files that do not belong to the package.',
  });
}

function nameError(path: string, problem: string): FidiusError {
  return new FidiusError('FIDIUS_PACKAGE_FILE_NAME', `Cannot read package: the name of "${shown(path)}" ${problem}`, {
    hint: 'Rename the file.',
  });
}

function typeError(path: string, target: Dirent<Buffer> | Stats | undefined): FidiusError {
  const kind = target?.isSocket() ? 'a socket' : target?.isFIFO() ? 'a named pipe' : 'a device';
  return new FidiusError(
    'FIDIUS_PACKAGE_FILE_TYPE',
    `Cannot read package: ${shown(path)} is ${kind}, not a file or folder`,
    {
      hint: 'Remove it from the package.',
    },
  );
}

/** Folders of build results and version history. The Rust tool excludes them from digests and archives at any depth. */
const excludedFolders: readonly string[] = ['target', '.git'];

/** Whether the digest excludes a file of this name. */
function isSignatureName(name: string): boolean {
  return name.endsWith('.sig');
}

/**
 * The path that the digest excludes: the file itself, or the outermost excluded folder with a trailing `/`. `undefined`
 * for a file that the digest covers.
 *
 * @param parts of the path below the package.
 */
export function uncoveredPart(parts: readonly string[]): string | undefined {
  const folder = parts.slice(0, -1).findIndex((part) => excludedFolders.includes(part));
  if (folder !== -1) return `${parts.slice(0, folder + 1).join('/')}/`;
  return isSignatureName(parts.at(-1) ?? '') ? parts.join('/') : undefined;
}
