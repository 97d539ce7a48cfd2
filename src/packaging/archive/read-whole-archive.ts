import { ArchiveError } from '../../errors/archive-error.ts';
import { parseManifest } from '../manifest.ts';
import { checkManifestSize, decodeManifest, manifestFileName } from '../manifest-text.ts';
import { type ArchiveEntry, type ReadArchiveOptions, readArchive } from './read-archive.ts';

/**
 * Reads the entries of an archive to its end, and refuses what unpacking it would refuse: also an archive without a
 * manifest, or with one that has problems.
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
