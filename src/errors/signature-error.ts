import type { ErrorCode } from './codes.ts';
import { FidiusError, nameErrorClass } from './fidius-error.ts';

/** A key that a signature was compared with. */
export interface TriedKey {
  /** The name it has in the trust store; `undefined` for one that was passed without a name. */
  readonly name: string | undefined;
  /** Its short fingerprint. */
  readonly id: string;
}

/** A file that changed since the package was signed. */
export interface FileDifference {
  /** Path in the package, with `/`; of a renamed file the present one. */
  readonly path: string;
  /** What happened to the file since the package was signed. */
  readonly kind: 'added' | 'changed' | 'removed' | 'renamed';
  /** The former path of a renamed file. */
  readonly from?: string;
}

/** The data of a {@link SignatureError}. */
export interface SignatureErrorData {
  /** The folder or archive that was verified. */
  readonly package: string;
  /** The trusted keys that the signature was compared with. */
  readonly keys: readonly TriedKey[];
  /** Which files differ, by path, at most 32 of them; `undefined` when the package has no signed list of files that could tell. */
  readonly differences: readonly FileDifference[] | undefined;
  /** How many more files differ than {@link differences} names. */
  readonly moreDifferences: number;
}

/** A package that is not trusted, with the tried keys and, if known, the changed files. */
export class SignatureError extends FidiusError {
  /** Path of the folder or archive that was verified. */
  readonly package: string;
  /** The trusted keys that the signature was compared with. */
  readonly keys: readonly TriedKey[];
  /** The changed files, by path, at most 32; `undefined` if the package has no signed list of files. */
  readonly differences: readonly FileDifference[] | undefined;
  /** Number of changed files that {@link differences} does not contain. */
  readonly moreDifferences: number;

  static {
    nameErrorClass(this);
  }

  constructor(code: ErrorCode, message: string, data: SignatureErrorData, hint: string) {
    super(code, message, { hint });
    this.package = data.package;
    this.keys = data.keys;
    this.differences = data.differences;
    this.moreDifferences = data.moreDifferences;
  }
}
