import { emitSafely } from '../../node/timers.ts';
import {
  describeVendorConflict,
  findVendorConflicts,
  type VendorConflict,
  type VendoredPackage,
} from '../../packaging/vendor/vendor-conflicts.ts';
import type { HostNoticeListener, VendorNotice } from './host-notice.ts';

/** Finds distributions that packages of one host vendor in different versions, and reports each conflict once. */
export class VendorConflictReporter {
  readonly #onNotice: HostNoticeListener;
  readonly #reported = new Set<string>();

  constructor(onNotice: HostNoticeListener) {
    this.#onNotice = onNotice;
  }

  /** Reports the conflicts of a package with those that are loaded. */
  report(vendored: VendoredPackage, loaded: Iterable<VendoredPackage>): readonly VendorConflict[] {
    const others = [...loaded].filter(({ dir }) => dir !== vendored.dir);
    const conflicts = findVendorConflicts([...others, vendored]).filter(({ versions }) =>
      versions.some((each) => each.package === vendored.name),
    );
    for (const conflict of conflicts) this.#reportOnce(toNotice(conflict));
    return conflicts;
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
