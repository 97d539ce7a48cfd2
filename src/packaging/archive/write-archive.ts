import type { FileHandle } from 'node:fs/promises';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { ioCode, messageOf } from '../../errors/is-error.ts';
import { ArchiveError } from '../../errors/package-errors.ts';
import { compressBzip2 } from '../bzip2/compress.ts';
import { PackageDigest } from '../digest/package-digest.ts';
import type { PackageFile } from '../files/package-files.ts';
import { type OpenedFile, readFiles } from '../files/read-files.ts';
import { replaceFile } from '../files/replace-file.ts';
import { blockBytes, formatTarHeader } from './tar/tar-header.ts';

/** Progress of packing. */
export interface PackProgress {
  /** Files that were begun, of {@link PackProgress.totalFiles}. */
  readonly files: number;
  /** Number of files that the archive will contain. */
  readonly totalFiles: number;
  /** Bytes of files that were read. */
  readonly bytes: number;
}

export interface WriteArchiveOptions {
  /** Folder in the archive that everything lies in. */
  readonly root: string;
  /** Called with the digest after the files were read. It throws to reject the archive. */
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
 * Writes an archive atomically. Memory use is constant.
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
      { cause, hint: ioHint(cause) },
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

const maxShortPath = 100;

/**
 * Writes a tar file in GNU format, like the Rust tool: it contains only files, whose paths imply the folders.
 *
 * The output is reproducible: ownership and timestamps are normalised, and only the executable bit of the mode is kept.
 *
 * @param prefix goes before every path, such as `demo-1.0.0/`.
 * @param onPiece sees the contents as they go by.
 */
async function* writeTar(
  files: AsyncIterable<OpenedFile>,
  prefix: string,
  observer: { readonly beginFile: (file: OpenedFile) => void; readonly update: (piece: Uint8Array) => void },
): AsyncGenerator<Uint8Array> {
  for await (const file of files) {
    observer.beginFile(file);
    const path = Buffer.from(prefix + file.path);
    if (path.length > maxShortPath) yield* writeLongName(path);
    const mode = (file.mode & 0o111) === 0 ? 0o644 : 0o755;
    yield formatTarHeader({ path, size: file.bytes, mode, type: '0' });
    for await (const piece of file.content) {
      observer.update(piece);
      yield piece;
    }
    yield padding(file.bytes);
  }
  yield new Uint8Array(2 * blockBytes);
}

/** A separate entry with the path of the next one and a zero byte as its content. */
function* writeLongName(path: Buffer): Generator<Uint8Array> {
  const size = path.length + 1;
  yield formatTarHeader({ path: Buffer.from('././@LongLink'), size, mode: 0o644, type: 'L' });
  yield Buffer.concat([path, Buffer.alloc(1), padding(size)]);
}

function padding(size: number): Uint8Array {
  return new Uint8Array((blockBytes - (size % blockBytes)) % blockBytes);
}
