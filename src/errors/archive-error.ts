import type { ErrorCode } from './codes.ts';
import { FidiusError, type FidiusErrorOptions, nameErrorClass } from './fidius-error.ts';

/** An archive that was rejected or could not be created. Partial results were removed. */
export class ArchiveError extends FidiusError {
  /** Path of the archive. */
  readonly archive: string;
  /** Path of the invalid entry, as written in the archive. */
  readonly entry: string | undefined;

  static {
    nameErrorClass(this);
  }

  constructor(
    code: ErrorCode,
    message: string,
    where: { readonly archive: string; readonly entry?: string | undefined },
    options: FidiusErrorOptions = {},
  ) {
    super(code, message, options);
    this.archive = where.archive;
    this.entry = where.entry;
  }
}
