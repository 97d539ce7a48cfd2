import { emitSafely } from '../executor/emit-safely.ts';
import {
  findVendorConflicts,
  type VendorConflict,
  type VendoredPackage,
} from '../packaging/vendor/vendor-conflicts.ts';
import { type HostNoticeListener, toVendorNotice } from './vendor-notice.ts';

/** Where packages of one host bring different versions of a distribution along, each conflict told once. */
export class VendoredVersions {
  readonly #onNotice: HostNoticeListener;
  readonly #told = new Set<string>();

  constructor(onNotice: HostNoticeListener) {
    this.#onNotice = onNotice;
  }

  /** The conflicts of a package with those that are loaded. */
  compare(vendored: VendoredPackage, loaded: Iterable<VendoredPackage>): readonly VendorConflict[] {
    const others = [...loaded].filter(({ dir }) => dir !== vendored.dir);
    const conflicts = findVendorConflicts([...others, vendored]);
    return conflicts.filter(({ versions }) => versions.some((each) => each.package === vendored.name));
  }

  tell(conflicts: readonly VendorConflict[]): void {
    for (const notice of conflicts.map(toVendorNotice)) {
      if (this.#told.has(notice.message)) continue;
      this.#told.add(notice.message);
      emitSafely(this.#onNotice, notice);
    }
  }
}
