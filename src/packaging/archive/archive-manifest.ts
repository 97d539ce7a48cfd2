import { ArchiveError } from '../../errors/archive-error.ts';
import { checkSignal } from '../../errors/option-values.ts';
import { type Manifest, type ManifestOptions, parseManifest } from '../manifest/manifest.ts';
import { checkManifestSize, decodeManifest, manifestFileName } from '../manifest/manifest-text.ts';
import type { ArchiveLimits } from './limits.ts';
import { type ArchiveEntry, type ReadArchiveOptions, readArchive } from './read-archive.ts';

/**
 * Reads all entries of an archive with the checks of unpacking, including those of the manifest.
 *
 * @throws ArchiveError what `readArchive()` throws, `FIDIUS_ARCHIVE_LAYOUT`; ManifestError.
 */
export async function* readWholeArchive(
  archive: string,
  options: ReadArchiveOptions = {},
): AsyncGenerator<Omit<ArchiveEntry, 'content'>> {
  let hasManifest = false;
  for await (const { content, ...entry } of readArchive(archive, options)) {
    const { kind, parts, size } = entry;
    if (kind === 'file' && parts.length === 2 && parts[1] === manifestFileName) {
      hasManifest = true;
      const origin = `${archive}!${parts.join('/')}`;
      checkManifestSize(origin, size);
      const pieces: Uint8Array[] = [];
      for await (const piece of content) pieces.push(new Uint8Array(piece));
      parseManifest(decodeManifest(origin, Buffer.concat(pieces)), origin);
    }
    yield entry;
  }
  if (!hasManifest) throw noManifest(archive);
}

export function noManifest(archive: string): ArchiveError {
  const message = `Refused archive ${archive}: no folder in it holds a ${manifestFileName}`;
  return new ArchiveError('FIDIUS_ARCHIVE_LAYOUT', message, { archive });
}

/** Options of `readArchiveManifest()`. */
export interface ArchiveManifestOptions<Metadata = unknown> extends ArchiveLimits, ManifestOptions<Metadata> {
  /**
   * Cancels the reading. The promise is rejected with the reason of the signal.
   *
   * @default `undefined`
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the manifest of an archive without unpacking anything; reading ends where the manifest does.
 *
 * The rest is not read, so an archive with a valid manifest may still be rejected when it is unpacked.
 *
 * @throws ArchiveError; ManifestError
 */
export async function readArchiveManifest<Metadata = unknown>(
  archive: string,
  options: ArchiveManifestOptions<Metadata> = {},
): Promise<Manifest<Metadata>> {
  checkSignal(options.signal, 'readArchiveManifest()');
  for await (const { kind, parts, size, content } of readArchive(archive, options)) {
    if (kind !== 'file' || parts.length !== 2 || parts[1] !== manifestFileName) continue;
    const origin = `${archive}!${parts.join('/')}`;
    checkManifestSize(origin, size);
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(new Uint8Array(piece));
    return parseManifest(decodeManifest(origin, Buffer.concat(pieces)), origin, options);
  }
  throw noManifest(archive);
}
