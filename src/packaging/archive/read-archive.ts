import { type BigIntStats, closeSync, fstatSync } from 'node:fs';
import { ArchiveError } from '../../errors/archive-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { messageOf } from '../../errors/is-error.ts';
import { throwIfAborted } from '../../errors/option-values.ts';
import { openForeignFile } from '../../files/open-foreign-file.ts';
import { CorruptBzip2 } from '../bzip2/corrupt-bzip2.ts';
import { decompressBzip2 } from '../bzip2/decompress.ts';
import { ByteSource } from './byte-source.ts';
import { EntryJudge, type JudgedEntry } from './entry-judge.ts';
import { type ArchiveLimits, settleLimits } from './limits.ts';
import { CorruptTar } from './tar-header.ts';
import { readTar } from './tar-reader.ts';

/** A file or folder of an archive that may be unpacked: everything about it has been judged. */
export interface ArchiveEntry extends JudgedEntry {
  /** To be read before the next entry is asked for. A piece is the reader's until it asks for the next one. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface ReadArchiveOptions extends ArchiveLimits {
  readonly signal?: AbortSignal | undefined;
  /** Called as reading goes on. */
  readonly onRead?: ((position: number, total: number) => void) | undefined;
  /** Told what the system says of the very file that is read: once it is open, and again once it was read to its end. */
  readonly onFile?: ((status: BigIntStats) => void) | undefined;
}

/**
 * Reads the entries of an archive, refusing whatever could harm the one who unpacks it. Memory stays bounded.
 *
 * @throws ArchiveError `FIDIUS_ARCHIVE_UNREADABLE`, `FIDIUS_ARCHIVE_CORRUPT`, and what {@link EntryJudge} refuses; the reason
 * of `signal`.
 */
export async function* readArchive(archive: string, options: ReadArchiveOptions = {}): AsyncGenerator<ArchiveEntry> {
  const limits = settleLimits('readArchive()', options);
  throwIfAborted(options.signal);
  const { descriptor, archiveBytes } = openArchive(archive);
  try {
    options.onFile?.(fstatSync(descriptor, { bigint: true }));
    const source = new ByteSource(decode(descriptor, archiveBytes, options));
    const judge = new EntryJudge(archive, archiveBytes, limits);
    try {
      for await (const entry of readTar(source)) {
        const judged = judge.judge(entry);
        if (judged !== undefined) yield { ...judged, content: explained(archive, entry.content) };
      }
      options.onFile?.(fstatSync(descriptor, { bigint: true }));
    } finally {
      await source.close();
    }
  } catch (cause) {
    throw explain(archive, cause);
  } finally {
    closeSync(descriptor);
  }
}

/** The content of an entry is read by the caller, out of reach of the handling around the entries. */
async function* explained(archive: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (cause) {
    throw explain(archive, cause);
  }
}

async function* decode(descriptor: number, total: number, options: ReadArchiveOptions): AsyncGenerator<Uint8Array> {
  for await (const { bytes, position } of decompressBzip2(descriptor, total)) {
    throwIfAborted(options.signal);
    options.onRead?.(position, total);
    yield bytes;
  }
}

function openArchive(archive: string): { readonly descriptor: number; readonly archiveBytes: number } {
  try {
    const { descriptor, status } = openForeignFile(archive, { links: 'follow' });
    return { descriptor, archiveBytes: status.size };
  } catch (cause) {
    throw refusal('FIDIUS_ARCHIVE_UNREADABLE', archive, messageOf(cause), cause);
  }
}

function explain(archive: string, cause: unknown): unknown {
  if (!(cause instanceof CorruptTar || cause instanceof CorruptBzip2)) return cause;
  return refusal('FIDIUS_ARCHIVE_CORRUPT', archive, cause.message, cause);
}

function refusal(code: ErrorCode, archive: string, problem: string, cause?: unknown): ArchiveError {
  return new ArchiveError(code, `Cannot read archive ${archive}: ${problem}`, { archive }, { cause });
}
