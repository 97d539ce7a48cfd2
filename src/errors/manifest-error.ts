import type { ErrorCode } from './codes.ts';
import { FidiusError, nameErrorClass } from './fidius-error.ts';

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
