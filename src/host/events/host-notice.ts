import type { ProcessNotice } from '../../executor/process/process-events.ts';
import type { Notice } from '../../executor/process-change.ts';
import { emitSafely } from '../../node/timers.ts';
import {
  describeVendorConflict,
  findVendorConflicts,
  type VendorConflict,
  type VendoredPackage,
} from '../../packaging/vendor/vendor-conflicts.ts';
import type { ReloadNotice } from '../reload/hot-reload.ts';
import type { ArgumentNotice } from './argument-notice.ts';

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
export type HostNotice = Notice | VendorNotice | ProcessNotice | ArgumentNotice | ReloadNotice;

/** Receives the notices of a host. */
export type HostNoticeListener = (notice: HostNotice) => void;

/** Emits a notice as a warning of the process: what a host does without `onNotice`. A successful reload is no reason for one. */
export function emitWarning({ message, hint, ...about }: HostNotice): void {
  if (about.kind === 'reload' && about.event === 'reloaded') return;
  process.emitWarning(message, { type: 'FidiusWarning', detail: `hint: ${hint}` });
}

/** Finds distributions that packages of one host vendor in different versions, and reports each conflict once. */
export class VendorConflictReporter {
  readonly #onNotice: HostNoticeListener;
  readonly #reported = new Set<string>();

  constructor(onNotice: HostNoticeListener) {
    this.#onNotice = onNotice;
  }

  /** The conflicts of a package with those that are loaded. */
  find(vendored: VendoredPackage, loaded: Iterable<VendoredPackage>): readonly VendorConflict[] {
    const others = [...loaded].filter(({ dir }) => dir !== vendored.dir);
    return findVendorConflicts([...others, vendored]).filter(({ versions }) =>
      versions.some((each) => each.package === vendored.name),
    );
  }

  /** Reports conflicts, each once. */
  report(conflicts: readonly VendorConflict[]): void {
    for (const conflict of conflicts) this.#reportOnce(toNotice(conflict));
  }

  #reportOnce(notice: VendorNotice): void {
    if (this.#reported.has(notice.message)) return;
    this.#reported.add(notice.message);
    emitSafely(this.#onNotice, notice);
  }
}

function toNotice(conflict: VendorConflict): VendorNotice {
  const plugins = [...new Set(conflict.versions.map((each) => each.package))];
  return { kind: 'vendoredVersions', plugins, ...describeVendorConflict(conflict) };
}
