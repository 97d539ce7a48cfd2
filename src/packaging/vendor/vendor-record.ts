import { join } from 'node:path';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import type { Distribution } from './distributions.ts';

/** What was vendored, by what, and for which Python. It lies among the vendored code, so a signature covers it. */
export interface VendorRecord {
  readonly format: 1;
  /** What installed the distributions: `pip` or `uv`. */
  readonly installer: string;
  readonly python: { readonly version: string; readonly implementation: string; readonly machine: string };
  /** As Node names it: `linux`, `darwin`, `win32`. */
  readonly platform: string;
  readonly distributions: readonly Distribution[];
}

const maxRecordBytes = 1024 * 1024;

export const vendorRecordName = 'fidius-vendor.json';

/** Nothing when the package was vendored by another tool. */
export function readVendorRecord(vendorDir: string): VendorRecord | undefined {
  try {
    const record: unknown = JSON.parse(
      readForeignFile(join(vendorDir, vendorRecordName), { links: 'follow', maxBytes: maxRecordBytes }).toString(),
    );
    return isVendorRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function isVendorRecord(value: unknown): value is VendorRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof VendorRecord, unknown>>;
  const python = record.python as Partial<Record<string, unknown>> | null | undefined;
  return record.format === 1 && typeof record.platform === 'string' && typeof python?.['version'] === 'string';
}
