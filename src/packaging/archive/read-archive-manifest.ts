import { checkSignal } from '../../errors/option-values.ts';
import { type Manifest, type ManifestOptions, parseManifest } from '../manifest.ts';
import { checkManifestSize, decodeManifest, manifestFileName } from '../manifest-text.ts';
import type { ArchiveLimits } from './limits.ts';
import { readArchive } from './read-archive.ts';
import { noManifest } from './read-whole-archive.ts';

export interface ArchiveManifestOptions<Metadata = unknown> extends ArchiveLimits, ManifestOptions<Metadata> {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the manifest of an archive without unpacking anything; reading ends where the manifest does.
 *
 * What follows it is not looked at, so an archive with a good manifest may still be refused when it is unpacked.
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
