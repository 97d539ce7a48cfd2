import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveError } from '../../errors/archive-error.ts';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { checkSignal } from '../../errors/option-values.ts';
import { checkOptionNames } from '../../errors/options.ts';
import { type Manifest, readManifest } from '../manifest.ts';
import { manifestFileName, readManifestText } from '../manifest-text.ts';
import { signatureFileName } from '../signing/signature-files.ts';
import { createStaging, placeFolder, removeTree } from '../staging.ts';
import { extractArchive, type UnpackOptions } from './extract-archive.ts';
import { limitNames, settleLimits } from './limits.ts';

export interface UnpackedPackage {
  /** The folder of the package. */
  readonly dir: string;
  readonly manifest: Manifest;
  /** Whether it carries a signature. Unpacking does not verify it. */
  readonly isSigned: boolean;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Unpacks an archive into a folder of its own below `dest`, named as in the archive. What stands there is replaced.
 *
 * All or nothing: the package appears at its place when it is complete, and a failure, an abort or a kill leaves the old one,
 * or none, as it was. It does not verify the signature; `verifyPackage()` does.
 *
 * @throws ArchiveError every code that begins with `FIDIUS_ARCHIVE_`; ManifestError; the reason of `signal`.
 */
export async function unpackPackage(
  archive: string,
  dest: string,
  options: UnpackOptions = {},
): Promise<UnpackedPackage> {
  checkOptionNames('unpackPackage()', options, [...limitNames, 'onProgress', 'signal']);
  checkSignal(options.signal, 'unpackPackage()');
  settleLimits('unpackPackage()', options);
  const staging = await attempt(archive, () => createStaging(dest));
  try {
    const { root, files, bytes } = await extractArchive(archive, staging, options);
    const built = join(staging, root);
    const manifest = readManifest(readManifestText(built), `${archive}!${root}/${manifestFileName}`);
    const isSigned = await exists(join(built, signatureFileName));
    const dir = join(dest, root);
    await attempt(archive, () => placeFolder(built, dir));
    return { dir, manifest, isSigned, files, bytes };
  } finally {
    await removeTree(staging);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function attempt<T>(archive: string, action: () => Promise<T>): Promise<T> {
  return action().catch((cause: unknown) => {
    if (isFidiusError(cause)) throw cause;
    throw new ArchiveError(
      'FIDIUS_ARCHIVE_UNWRITABLE',
      `Cannot unpack archive ${archive}: ${messageOf(cause)}`,
      { archive },
      { cause },
    );
  });
}
