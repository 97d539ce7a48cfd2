import type { ErrorCode } from './codes.ts';
import { FidiusError, type FidiusErrorOptions, nameErrorClass } from './fidius-error.ts';

/** An archive that was refused or could not be made. Nothing of it was left behind. */
export class ArchiveError extends FidiusError {
  /** Path of the archive. */
  readonly archive: string;
  /** Path of the entry in the archive that is to blame, as it is written there. */
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
