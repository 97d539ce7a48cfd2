import type { FileHandle } from 'node:fs/promises';
import { ArchiveError } from '../../errors/archive-error.ts';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { compressBzip2 } from '../bzip2/compress.ts';
import { PackageDigest } from '../digest.ts';
import { ioCode } from '../io-error.ts';
import type { PackageFile } from '../package-files.ts';
import { readFiles } from '../read-files.ts';
import { replaceFile } from '../replace-file.ts';
import { writeTar } from './tar-writer.ts';

/** How far packing has come. */
export interface PackProgress {
  /** Files that were begun, of {@link PackProgress.totalFiles}. */
  readonly files: number;
  readonly totalFiles: number;
  /** Bytes of files that were read. */
  readonly bytes: number;
}

export interface WriteArchiveOptions {
  /** Folder in the archive that everything lies in. */
  readonly root: string;
  /** Decides, once the files have been read, whether the archive may stand. */
  readonly approve: (digest: Buffer) => void;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PackProgress) => void) | undefined;
}

export interface WrittenArchive {
  /** The package digest of what was written. */
  readonly digest: Buffer;
  /** Bytes of all files together. */
  readonly bytes: number;
  readonly archiveBytes: number;
}

/**
 * Writes an archive; the file appears at its place when it is complete. Memory stays constant.
 *
 * @throws ArchiveError `FIDIUS_ARCHIVE_UNWRITABLE`; and what `readFiles()` throws.
 */
export async function writeArchive(
  archive: string,
  files: readonly PackageFile[],
  options: WriteArchiveOptions,
): Promise<WrittenArchive> {
  try {
    return await replaceFile(archive, (handle) => writeTo(handle, files, options));
  } catch (cause) {
    if (isFidiusError(cause) || ioCode(cause) === undefined) throw cause;
    throw new ArchiveError(
      'FIDIUS_ARCHIVE_UNWRITABLE',
      `Cannot write archive ${archive}: ${messageOf(cause)}`,
      { archive },
      { cause },
    );
  }
}

async function writeTo(
  handle: FileHandle,
  files: readonly PackageFile[],
  options: WriteArchiveOptions,
): Promise<WrittenArchive> {
  const digest = new PackageDigest();
  let [begun, bytes, archiveBytes, isCovered] = [0, 0, 0, true];
  const observer = {
    beginFile: (file: { readonly path: string; readonly bytes: number }) => {
      begun += 1;
      isCovered = !file.path.endsWith('.sig');
      if (isCovered) digest.beginFile(file.path, file.bytes);
    },
    update: (piece: Uint8Array) => {
      bytes += piece.length;
      if (isCovered) digest.update(piece);
      options.onProgress?.({ files: begun, totalFiles: files.length, bytes });
    },
  };
  for await (const piece of compressBzip2(writeTar(readFiles(files, options.signal), `${options.root}/`, observer))) {
    await handle.writeFile(piece);
    archiveBytes += piece.length;
  }
  const finished = digest.finish();
  options.approve(finished);
  return { digest: finished, bytes, archiveBytes };
}
