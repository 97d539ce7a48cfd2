import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { platform } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { Manifest, PythonManifest } from '../manifest/manifest.ts';
import {
  readDistributions,
  readVendorRecord,
  type VendoredDistribution,
  type VendorRecord,
  vendorFolder,
} from './distributions.ts';
import type { RequirementPlan } from './requirement-plan.ts';

/** Which requirements, and whether an existing `vendor` folder may be replaced. */
export interface VendorStateOptions {
  readonly refresh?: boolean | undefined;
  readonly requirements?: string | undefined;
}

/** Whether there is something to vendor. An existing `vendor` folder is kept unless `refresh` is set. */
export async function findVendorState(
  dir: string,
  manifest: Manifest,
  { refresh = false, requirements }: VendorStateOptions = {},
): Promise<'kept' | 'needed' | 'nothing'> {
  if (manifest.runtime !== 'python') return 'nothing';
  const isVendored = await exists(join(dir, vendorFolder));
  if (isVendored && !refresh) return 'kept';
  // A missing file that was named is an error, and not a package without dependencies.
  if (requirements !== undefined || (await exists(requirementsOf(dir, manifest)))) return 'needed';
  return isVendored ? 'kept' : 'nothing';
}

/** The requirements file of a package. @param named overrides the one in the manifest. */
export function requirementsOf(dir: string, { python }: PythonManifest, named?: string): string {
  if (named !== undefined) return resolve(named);
  const path = resolve(dir, python.requirements);
  if (!relative(resolve(dir), path).startsWith('..')) return path;
  throw new FidiusError(
    'FIDIUS_VENDOR_REQUIREMENTS',
    `Cannot vendor dependencies of ${dir}: the requirements file ${JSON.stringify(python.requirements)} is outside the package`,
    { hint: 'Put the file into the package, and write its relative path in `[python].requirements`.' },
  );
}

/** A digest of what was required, for {@link isCurrent}. Credentials in addresses do not count, and are not revealed by it. */
export function digestOfPlan({ requirements, constraints }: RequirementPlan): string {
  const withoutCredentials = [requirements, constraints].map((text) =>
    text.replaceAll(/\/\/[^\s/@]*@/g, '//').replaceAll(/\?[^\s#]*/g, ''),
  );
  return createHash('sha256').update(JSON.stringify(withoutCredentials)).digest('hex');
}

/**
 * Whether a `vendor` folder contains what the requirements ask for, for this Python, as far as its record tells. A folder
 * without a record was made by the author or by another tool, and counts as current.
 */
export async function isCurrent(vendorDir: string, planned: string, python: VendorRecord['python']): Promise<boolean> {
  if (!(await exists(vendorDir))) return false;
  const record = readVendorRecord(vendorDir);
  if (record === undefined) return true;
  const isSamePython =
    record.python.version === python.version &&
    record.python.implementation === python.implementation &&
    record.python.machine === python.machine;
  const isSame = record.requirements === planned && record.platform === platform() && isSamePython;
  return isSame && namesOf(readDistributions(vendorDir)) === namesOf(record.distributions);
}

/** @param distributions of a record: only its format was checked. */
function namesOf(distributions: readonly (Partial<VendoredDistribution> | null)[] | undefined): string {
  return JSON.stringify(distributions?.map((each) => [each?.name, each?.version]));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
