import { type BigIntStats, closeSync, fstatSync } from 'node:fs';
import type { ErrorCode } from '../../errors/codes.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { messageOf } from '../../errors/is-error.ts';
import { checkSignal, throwIfAborted } from '../../errors/options.ts';
import { ArchiveError } from '../../errors/package-errors.ts';
import { openForeignFile } from '../../files/open-foreign-file.ts';
import { decompressBzip2 } from '../bzip2/decompress.ts';
import { CorruptBzip2 } from '../bzip2/format.ts';
import { type Manifest, type ManifestOptions, parseManifest } from '../manifest/manifest.ts';
import { checkManifestSize, decodeManifest, manifestFileName } from '../manifest/manifest-text.ts';
import { EntryValidator, type ValidEntry } from './entry-validator.ts';
import { type ArchiveLimits, resolveLimits } from './limits.ts';
import { CorruptTar } from './tar/tar-header.ts';
import { ByteSource, readTar } from './tar/tar-reader.ts';

/** A file or folder of an archive that has passed all checks and may be unpacked. */
export interface ArchiveEntry extends ValidEntry {
  /** Must be read before the next entry is requested. Each piece is valid until the next piece is requested. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface ReadArchiveOptions extends ArchiveLimits {
  readonly signal?: AbortSignal | undefined;
  /** Called after each piece with the number of bytes read. */
  readonly onRead?: ((position: number, total: number) => void) | undefined;
}

/**
 * Reads the entries of an archive, and rejects entries that could harm the reader. Memory stays bounded.
 *
 * @throws ArchiveError `FIDIUS_ARCHIVE_UNREADABLE`, and what {@link readOpenArchive} throws.
 */
export async function* readArchive(path: string, options: ReadArchiveOptions = {}): AsyncGenerator<ArchiveEntry> {
  resolveLimits('readArchive()', options);
  throwIfAborted(options.signal);
  const archive = OpenArchive.open(path);
  try {
    yield* readOpenArchive(archive, options);
  } finally {
    archive.close();
  }
}

/**
 * Reads the entries of an open archive from its beginning. The same archive can be read several times, but not concurrently.
 *
 * @throws ArchiveError `FIDIUS_ARCHIVE_CORRUPT`, and the errors of {@link EntryValidator}; the reason of `signal`.
 */
export async function* readOpenArchive(
  archive: OpenArchive,
  options: ReadArchiveOptions = {},
): AsyncGenerator<ArchiveEntry> {
  const limits = resolveLimits('readArchive()', options);
  throwIfAborted(options.signal);
  const source = new ByteSource(decode(archive, options));
  const validator = new EntryValidator(archive.path, archive.bytes, limits);
  try {
    for await (const entry of readTar(source)) {
      const valid = validator.validate(entry);
      if (valid !== undefined) yield { ...valid, content: explained(archive.path, entry.content) };
    }
  } catch (cause) {
    throw explain(archive.path, cause);
  } finally {
    await source.close();
  }
}

/** The caller reads the content of an entry, outside of the `try` around the entries. */
async function* explained(archive: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (cause) {
    throw explain(archive, cause);
  }
}

async function* decode(
  { descriptor, bytes: total }: OpenArchive,
  options: ReadArchiveOptions,
): AsyncGenerator<Uint8Array> {
  for await (const { bytes, position } of decompressBzip2(descriptor, total)) {
    throwIfAborted(options.signal);
    options.onRead?.(position, total);
    yield bytes;
  }
}

function explain(archive: string, cause: unknown): unknown {
  if (!(cause instanceof CorruptTar || cause instanceof CorruptBzip2)) return cause;
  return archiveError('FIDIUS_ARCHIVE_CORRUPT', archive, cause.message, cause);
}

/**
 * An open archive file. An archive that is read several times is opened once, so that a file that is moved to the same
 * path in the meantime is not read.
 */
export class OpenArchive {
  /** For messages. */
  readonly path: string;
  readonly descriptor: number;
  /** Size of the file when it was opened. */
  readonly bytes: number;

  private constructor(path: string, descriptor: number, bytes: number) {
    this.path = path;
    this.descriptor = descriptor;
    this.bytes = bytes;
  }

  /** @throws ArchiveError `FIDIUS_ARCHIVE_UNREADABLE` */
  static open(path: string): OpenArchive {
    try {
      const { descriptor, status } = openForeignFile(path, { links: 'follow' });
      return new OpenArchive(path, descriptor, status.size);
    } catch (cause) {
      throw archiveError('FIDIUS_ARCHIVE_UNREADABLE', path, messageOf(cause), cause);
    }
  }

  /** The present status of the open file. */
  status(): BigIntStats {
    return fstatSync(this.descriptor, { bigint: true });
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

function archiveError(code: ErrorCode, archive: string, problem: string, cause?: unknown): ArchiveError {
  return new ArchiveError(
    code,
    `Cannot read archive ${archive}: ${problem}`,
    { archive },
    {
      cause,
      hint: code === 'FIDIUS_ARCHIVE_UNREADABLE' ? ioHint(cause) : 'Get the archive again, or pack the package again.',
    },
  );
}

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
  const message = `Cannot read archive ${archive}: no folder in it contains a ${manifestFileName}`;
  return new ArchiveError(
    'FIDIUS_ARCHIVE_LAYOUT',
    message,
    { archive },
    {
      hint: 'Pack the folder that contains package.toml, with `fidius package pack`.',
    },
  );
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
