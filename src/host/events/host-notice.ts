import type { ProcessNotice } from '../../executor/process/process-events.ts';
import type { Notice } from '../../executor/process-change.ts';

/** Packages of one host vendor different versions of one distribution. Emitted before the second package is imported. */
export interface VendorNotice {
  /** Distinguishes it from the notices about changes of the process. */
  readonly kind: 'vendoredVersions';
  /** Names of the packages. */
  readonly plugins: readonly string[];
  /** The distribution, its versions and the packages that vendor them. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** Something about its plugins that the user of a host should know. */
export type HostNotice = Notice | VendorNotice | ProcessNotice;

/** Receives the notices of a host. */
export type HostNoticeListener = (notice: HostNotice) => void;

/** Emits a notice as a warning of the process: what a host does without `onNotice`. */
export function emitWarning({ message, hint }: HostNotice): void {
  process.emitWarning(message, { type: 'FidiusWarning', detail: `hint: ${hint}` });
}
