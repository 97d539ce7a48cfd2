import { join, resolve } from 'node:path';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { ioCode, messageOf } from '../../errors/is-error.ts';
import { checkOptionNames, checkSignal } from '../../errors/options.ts';
import { ArchiveError } from '../../errors/package-errors.ts';
import { CooperativeYield } from '../files/cooperative-yield.ts';
import { makeFolders } from '../files/make-folders.ts';
import { Staging } from '../files/staging.ts';
import { TreeWriter } from '../files/tree-writer.ts';
import { type Manifest, parseManifest, readManifest } from '../manifest/manifest.ts';
import { manifestFileName, readManifestText } from '../manifest/manifest-text.ts';
import { packageStem } from '../manifest/package-name.ts';
import { readSignature } from '../signing/verify-package.ts';
import { type ArchiveLimits, limitNames, resolveLimits } from './limits.ts';
import { noManifest, readArchive } from './read-archive.ts';

/** The result of unpacking. */
export interface UnpackedPackage {
  /** The folder of the package. */
  readonly dir: string;
  /** The manifest of the package. */
  readonly manifest: Manifest;
  /** Whether it carries a signature. Unpacking does not verify it. */
  readonly isSigned: boolean;
  /** Number of unpacked files. */
  readonly files: number;
  /** Size of all files together, in bytes. */
  readonly bytes: number;
}

/** Options of `unpackPackage()`. */
export interface UnpackPackageOptions extends UnpackOptions {
  /**
   * Replaces the destination even if it does not contain a package of the same name.
   *
   * @default false
   */
  readonly force?: boolean | undefined;
}

/**
 * Unpacks an archive into the folder `NAME-VERSION` below `dest`, with name and version of its manifest. An existing
 * package of that name is replaced. Other content is not replaced.
 *
 * The operation is atomic: after a failure, an abort or a kill, the destination is unchanged. It does not verify the
 * signature; `verifyPackage()` does.
 *
 * @throws ArchiveError every code that begins with `FIDIUS_ARCHIVE_`; ManifestError; FidiusError `FIDIUS_PACKAGE_NAME`; the
 * reason of `signal`.
 */
export async function unpackPackage(
  archive: string,
  dest: string,
  options: UnpackPackageOptions = {},
): Promise<UnpackedPackage> {
  checkOptionNames('unpackPackage()', options, [...limitNames, 'force', 'onProgress', 'signal']);
  checkSignal(options.signal, 'unpackPackage()');
  const { force = false, ...unpackOptions } = options;
  resolveLimits('unpackPackage()', unpackOptions);
  const staging = await attempt(archive, async () => {
    makeFolders(resolve(dest));
    return Staging.create(dest);
  });
  try {
    const built = staging.path;
    const { root, files, bytes } = await extractArchive(archive, built, unpackOptions);
    const manifest = parseManifest(readManifestText(built), `${archive}!${root}/${manifestFileName}`);
    const dir = join(dest, packageStem(manifest));
    const isSigned = (await readSignature(built)) !== undefined;
    const mayReplace = (old: string) => {
      if (!force) requirePackageNamed(manifest.name, old, { archive, dir });
    };
    await attempt(archive, () => staging.replaceFolder(dir, mayReplace));
    return { dir, manifest, isSigned, files, bytes };
  } finally {
    await staging.remove();
  }
}

/** @throws ArchiveError `FIDIUS_ARCHIVE_OCCUPIED` */
function requirePackageNamed(
  name: string,
  old: string,
  where: { readonly archive: string; readonly dir: string },
): void {
  let problem: string;
  try {
    const found = readManifest(old).name;
    if (found === name) return;
    problem = `it contains the package "${found}"`;
  } catch (error) {
    problem =
      isFidiusError(error) && error.code === 'FIDIUS_MANIFEST_NOT_FOUND' ? 'it is not a package' : 'it is damaged';
  }
  const { archive, dir } = where;
  const message = `Cannot replace ${dir} by package "${name}" of archive ${archive}: ${problem}`;
  const hint = `Move ${dir} away, or pass \`force\` to replace it.`;
  throw new ArchiveError('FIDIUS_ARCHIVE_OCCUPIED', message, { archive }, { hint });
}

async function attempt<T>(archive: string, action: () => Promise<T>): Promise<T> {
  return action().catch((cause: unknown) => {
    if (isFidiusError(cause)) throw cause;
    throw new ArchiveError(
      'FIDIUS_ARCHIVE_UNWRITABLE',
      `Cannot unpack archive ${archive}: ${messageOf(cause)}`,
      { archive },
      { cause, hint: ioHint(cause) },
    );
  });
}

/** Progress of unpacking. */
export interface UnpackProgress {
  /** Bytes of the archive that were read, of {@link UnpackProgress.archiveBytes}. */
  readonly position: number;
  /** Size of the archive, in bytes. */
  readonly archiveBytes: number;
  /** Number of complete files. */
  readonly files: number;
  /** Bytes of files that were written. */
  readonly bytes: number;
}

/** Limits, progress and cancellation of reading an archive. */
export interface UnpackOptions extends ArchiveLimits {
  /**
   * Cancels the operation. The promise is rejected with the reason of the signal.
   *
   * @default `undefined`
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives the progress, on the JavaScript thread.
   *
   * @default `undefined`
   */
  readonly onProgress?: ((progress: UnpackProgress) => void) | undefined;
}

export interface ExtractedArchive {
  /** Name of the one folder in the archive. */
  readonly root: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Writes the files of an archive into a new folder. After a failure, the caller removes the folder.
 *
 * @param into path of the folder, which stands for that in the archive; it does not exist, and the folder around it is private.
 * @throws ArchiveError what `readArchive()` throws; `FIDIUS_ARCHIVE_LAYOUT`, `FIDIUS_ARCHIVE_UNWRITABLE`.
 */
async function extractArchive(archive: string, into: string, options: UnpackOptions): Promise<ExtractedArchive> {
  const { onProgress, ...readOptions } = options;
  let [root, files, bytes, hasManifest] = ['', 0, 0, false];
  const onRead = (position: number, archiveBytes: number) => onProgress?.({ position, archiveBytes, files, bytes });
  const writer = withWriteErrors(
    archive,
    manifestFileName,
    () => new TreeWriter(into, new CooperativeYield(options.signal)),
  );

  for await (const entry of readArchive(archive, { ...readOptions, onRead })) {
    const path = entry.parts.slice(1).join('/');
    root = entry.parts[0] ?? root;
    try {
      if (entry.kind === 'folder') writer.makeFolder(path);
      else bytes += await writer.writeFile(path, entry.content, entry);
    } catch (cause) {
      throw explainWriteFailure(archive, entry.parts.join('/'), cause);
    }
    if (entry.kind === 'file') files += 1;
    hasManifest ||= entry.kind === 'file' && path === manifestFileName;
  }
  if (!hasManifest) throw noManifest(archive);
  return { root, files, bytes };
}

function withWriteErrors<T>(archive: string, entry: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw explainWriteFailure(archive, entry, cause);
  }
}

/** Converts system errors, which come from writing. Other errors (a damaged archive, an abort) come from reading. */
export function explainWriteFailure(archive: string, entry: string, cause: unknown): unknown {
  if (isFidiusError(cause) || ioCode(cause) === undefined || ioCode(cause) === 'ABORT_ERR') return cause;
  const message = `Cannot unpack ${entry} of archive ${archive}: ${messageOf(cause)}`;
  return new ArchiveError('FIDIUS_ARCHIVE_UNWRITABLE', message, { archive, entry }, { cause, hint: ioHint(cause) });
}
