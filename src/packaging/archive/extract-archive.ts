import { ArchiveError } from '../../errors/archive-error.ts';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { ioCode } from '../io-error.ts';
import { manifestFileName } from '../manifest-text.ts';
import { TimeSlice } from '../time-slice.ts';
import { TreeWriter } from '../write-tree.ts';
import type { ArchiveLimits } from './limits.ts';
import { readArchive } from './read-archive.ts';
import { noManifest } from './read-whole-archive.ts';

/** How far unpacking has come. */
export interface UnpackProgress {
  /** Bytes of the archive that were read, of {@link UnpackProgress.archiveBytes}. */
  readonly position: number;
  readonly archiveBytes: number;
  /** Files that are complete, and bytes written. */
  readonly files: number;
  readonly bytes: number;
}

export interface UnpackOptions extends ArchiveLimits {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: UnpackProgress) => void) | undefined;
}

export interface ExtractedArchive {
  /** Name of the one folder in the archive. */
  readonly root: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Writes the files of an archive into a new folder. What is there after a failure is the caller's to remove.
 *
 * @param into path of the folder, which stands for that in the archive; it does not exist, and the folder around it is private.
 * @throws ArchiveError what `readArchive()` throws; `FIDIUS_ARCHIVE_LAYOUT`, `FIDIUS_ARCHIVE_UNWRITABLE`.
 */
export async function extractArchive(archive: string, into: string, options: UnpackOptions): Promise<ExtractedArchive> {
  const { onProgress, ...readOptions } = options;
  let [root, files, bytes, hasManifest] = ['', 0, 0, false];
  const onRead = (position: number, archiveBytes: number) => onProgress?.({ position, archiveBytes, files, bytes });
  const writer = attempt(archive, manifestFileName, () => new TreeWriter(into, new TimeSlice(options.signal)));

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

function attempt<T>(archive: string, entry: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw explainWriteFailure(archive, entry, cause);
  }
}

/** An error of the system is ours to explain; anything else, a damaged archive or an abort, came from the reading side. */
export function explainWriteFailure(archive: string, entry: string, cause: unknown): unknown {
  if (isFidiusError(cause) || ioCode(cause) === undefined || ioCode(cause) === 'ABORT_ERR') return cause;
  const message = `Cannot unpack ${entry} of archive ${archive}: ${messageOf(cause)}`;
  return new ArchiveError('FIDIUS_ARCHIVE_UNWRITABLE', message, { archive, entry }, { cause });
}
