import type { PackageFile } from '../package-files.ts';
import { checkFreshness } from '../signing/check-freshness.ts';
import { takeInventory } from '../signing/inventory.ts';
import type { SecretKey } from '../signing/secret-key.ts';
import { writeSignature } from '../signing/sign-package.ts';
import type { Trust } from '../signing/trust.ts';
import { readSignature } from '../signing/verify-package.ts';

/**
 * What an archive carries: `made` just now, `kept` because it still fits, `kept unchecked` because nothing could tell
 * whether it does, or `none`.
 */
export type PackedSignature = 'kept unchecked' | 'kept' | 'made' | 'none';

export interface SettledSignature {
  readonly signature: PackedSignature;
  /** The digest that the archive must come out with; nothing when any will do. */
  readonly digest: Buffer | undefined;
}

/**
 * Signs what is going to be packed, or checks the signature that is there.
 *
 * @param covered the files that a signature covers.
 * @throws FidiusError `FIDIUS_SIGNATURE_STALE`, `FIDIUS_SIGNATURE_UNWRITABLE`
 */
export async function settleSignature(
  dir: string,
  covered: readonly PackageFile[],
  options: {
    readonly key: SecretKey | undefined;
    readonly trust: Trust;
    readonly signal: AbortSignal | undefined;
  },
): Promise<SettledSignature> {
  const { key, trust, signal } = options;
  const present = await readSignature(dir);
  if (key === undefined && present === undefined) return { signature: 'none', digest: undefined };
  const inventory = await takeInventory(covered, signal);
  if (key !== undefined) {
    await writeSignature(dir, inventory, key);
    return { signature: 'made', digest: inventory.digest };
  }
  if (present === undefined) return { signature: 'none', digest: undefined };
  const freshness = await checkFreshness(dir, present, inventory, trust);
  return { signature: freshness === 'fits' ? 'kept' : 'kept unchecked', digest: inventory.digest };
}
