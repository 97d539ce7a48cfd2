import { type BigIntStats, closeSync, fstatSync } from 'node:fs';
import { ArchiveError } from '../../errors/archive-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { messageOf } from '../../errors/is-error.ts';
import { openForeignFile } from '../../files/open-foreign-file.ts';

/**
 * An open archive file. Whoever reads an archive more than once opens it once: a file that is moved to the same path in the
 * meantime is then not read.
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

export function archiveError(code: ErrorCode, archive: string, problem: string, cause?: unknown): ArchiveError {
  return new ArchiveError(code, `Cannot read archive ${archive}: ${problem}`, { archive }, { cause });
}
