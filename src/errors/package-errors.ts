import type { ErrorCode } from './codes.ts';
import { assignKnown, FidiusError, type FidiusErrorOptions, nameErrorClass } from './fidius-error.ts';

/** An archive that was rejected or could not be created. Partial results were removed. */
export class ArchiveError extends FidiusError {
  /** Path of the archive. */
  readonly archive: string;
  /** Path of the invalid entry, as written in the archive. */
  declare readonly entry: string | undefined;

  static {
    nameErrorClass(this, 'entry');
  }

  constructor(
    code: ErrorCode,
    message: string,
    where: { readonly archive: string; readonly entry?: string | undefined },
    options: FidiusErrorOptions = {},
  ) {
    super(code, message, options);
    this.archive = where.archive;
    assignKnown<ArchiveError>(this, { entry: where.entry });
  }
}

/** One problem of a manifest, and its position. */
export interface ManifestIssue {
  /** JSON pointer to the value, such as `/python/entry_module`; `''` for the document itself. */
  readonly path: string;
  /** What was found, and what is expected. */
  readonly message: string;
  /** Where the value, or the nearest table around it, begins; counted from 1. Absent when nothing of it is written. */
  readonly line?: number;
  /** Column in {@link line}, from 1. */
  readonly column?: number;
}

/** Thrown with all issues of a manifest, so that its author can fix them together. */
export class ManifestError extends FidiusError {
  /** Where the text came from: a path, or `demo.fid!demo-1.0.0/package.toml`. */
  readonly origin: string;
  /** All problems, in the order in which they were found. */
  readonly issues: readonly ManifestIssue[];

  static {
    nameErrorClass(this);
  }

  constructor(code: ErrorCode, origin: string, issues: readonly ManifestIssue[], options: { cause?: unknown } = {}) {
    super(code, [`Invalid manifest ${origin}`, ...issues.map(toLine)].join('\n'), options);
    this.origin = origin;
    this.issues = issues;
  }
}

function toLine(issue: ManifestIssue): string {
  const place = issue.line === undefined ? '' : ` (line ${issue.line}, column ${issue.column ?? 1})`;
  return `  ${issue.path || '/'}: ${issue.message}${place}`;
}

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
  declare readonly differences: readonly FileDifference[] | undefined;
  /** Number of changed files that {@link differences} does not contain. */
  readonly moreDifferences: number;

  static {
    nameErrorClass(this, 'differences');
  }

  constructor(code: ErrorCode, message: string, data: SignatureErrorData, hint: string) {
    super(code, message, { hint });
    this.package = data.package;
    // A key without a name has no field for it either.
    this.keys = data.keys.map(({ name, id }) => (name === undefined ? { id } : { name, id })) as readonly TriedKey[];
    assignKnown<SignatureError>(this, { differences: data.differences });
    this.moreDifferences = data.moreDifferences;
  }
}
