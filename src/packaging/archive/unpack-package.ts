import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveError } from '../../errors/archive-error.ts';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { checkSignal } from '../../errors/option-values.ts';
import { checkOptionNames } from '../../errors/options.ts';
import { type Manifest, parseManifest, readManifest } from '../manifest.ts';
import { manifestFileName, readManifestText } from '../manifest-text.ts';
import { packageStem } from '../package-name.ts';
import { readSignature } from '../signing/verify-package.ts';
import { Staging } from '../staging.ts';
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

export interface UnpackPackageOptions extends UnpackOptions {
  /** Replaces the folder of the package's name even when it does not hold a package of that name. Default `false`. */
  readonly force?: boolean | undefined;
}

/**
 * Unpacks an archive into the folder `NAME-VERSION` below `dest`, with name and version of its manifest. A package of that
 * name that stands there is replaced; anything else is left alone.
 *
 * All or nothing: the package appears at its place when it is complete, and a failure, an abort or a kill leaves the old one,
 * or none, as it was. It does not verify the signature; `verifyPackage()` does.
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
  settleLimits('unpackPackage()', unpackOptions);
  const staging = await attempt(archive, async () => {
    await mkdir(dest, { recursive: true });
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
    problem = `it holds the package "${found}"`;
  } catch (error) {
    problem =
      isFidiusError(error) && error.code === 'FIDIUS_MANIFEST_NOT_FOUND' ? 'it is not a package' : 'it is damaged';
  }
  const { archive, dir } = where;
  const message = `Refused to replace ${dir} by package "${name}" of archive ${archive}: ${problem}`;
  const hint = `Move ${dir} away, or pass \`force\` to have it replaced.`;
  throw new ArchiveError('FIDIUS_ARCHIVE_OCCUPIED', message, { archive }, { hint });
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
