import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ioCode } from '../../errors/is-error.ts';
import { readForeignFile, readForeignHead } from '../../files/open-foreign-file.ts';

/** A Python distribution in the `vendor` folder of a package, as its metadata describes it. */
export interface Distribution {
  /** In the spelling of its author. */
  readonly name: string;
  /** The version in its metadata, in the spelling of its author. */
  readonly version: string;
  /** Wheel tags such as `cp311-cp311-manylinux_2_17_x86_64`, any of which describes it; empty if it was not a wheel. */
  readonly tags: readonly string[];
  /** The versions of Python that it requires, such as `>=3.9`; empty if the metadata does not contain them. */
  readonly requiresPython: string;
}

// No package vendors more. The rest is not checked; Python reports problems with it at import.
const mostDistributions = 1000;
// Metadata ends with a description that may be long. The fields are before it.
const maxHeadBytes = 128 * 1024;

/** The folder of a package that contains its dependencies. */
export const vendorFolder = 'vendor';

/** Reads the metadata of the vendored distributions from their `*.dist-info` folders, sorted by name. */
export function readDistributions(vendorDir: string): readonly Distribution[] {
  return listFolder(vendorDir)
    .filter((name) => name.endsWith('.dist-info'))
    .slice(0, mostDistributions)
    .map((name) => readDistribution(join(vendorDir, name)))
    .filter((distribution) => distribution !== undefined)
    .sort((a, b) => (normalizeName(a.name) < normalizeName(b.name) ? -1 : 1));
}

/** Names are equal if they differ only in case and in `-`, `_` and `.` (PEP 503). */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function listFolder(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (cause) {
    if (ioCode(cause) === 'ENOENT' || ioCode(cause) === 'ENOTDIR') return [];
    throw cause;
  }
}

function readDistribution(dir: string): Distribution | undefined {
  const metadata = readFields(join(dir, 'METADATA'));
  const [name] = metadata.get('name') ?? [];
  const [version] = metadata.get('version') ?? [];
  if (name === undefined || version === undefined) return undefined;
  return {
    name,
    version,
    tags: readFields(join(dir, 'WHEEL')).get('tag') ?? [],
    requiresPython: metadata.get('requires-python')?.[0] ?? '',
  };
}

/** The header fields of a file in the format of an e-mail; empty if there is no such file. */
function readFields(path: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  for (const line of readText(path).split(/\r?\n/)) {
    // An empty line ends the fields.
    if (line === '') break;
    const [, key = '', text = ''] = /^([\w-]{1,64}):(.*)$/.exec(line) ?? [];
    if (key === '') continue;
    const value = text.trim();
    const values = fields.get(key.toLowerCase());
    if (values === undefined) fields.set(key.toLowerCase(), [value]);
    else values.push(value);
  }
  return fields;
}

function readText(path: string): string {
  try {
    return readForeignHead(path, { links: 'follow', bytes: maxHeadBytes }).toString();
  } catch {
    return '';
  }
}

/** A distribution in a `vendor` folder, with what the record of the folder says about its origin. */
export interface VendoredDistribution extends Distribution {
  /**
   * The address of the file that it was taken from, without a user name, a password and a query. Of a local file: its
   * path in the package, otherwise its name. `undefined` if the record does not contain it.
   */
  readonly source?: string | undefined;
  /** Of that file, which is the wheel unless the distribution was built. `undefined` for a folder or a repository. */
  readonly sha256?: string | undefined;
  /** Whether it was built from source, so that code of its author ran on the machine that vendored it. */
  readonly built?: boolean | undefined;
}

/**
 * What was vendored, by which installer, and for which Python. It lies in the `vendor` folder, so a signature covers
 * it.
 *
 * Versions of this library that do not know the origin of distributions read the same format and ignore these fields.
 */
export interface VendorRecord {
  readonly format: 1;
  /** The program that installed the distributions: `pip` or `uv`. */
  readonly installer: string;
  readonly python: { readonly version: string; readonly implementation: string; readonly machine: string };
  /** As Node names it: `linux`, `darwin`, `win32`. */
  readonly platform: string;
  /** A digest of the requirements and constraints. `undefined` in records of older versions. */
  readonly requirements?: string | undefined;
  readonly distributions: readonly VendoredDistribution[];
}

const maxRecordBytes = 1024 * 1024;

export const vendorRecordName = 'fidius-vendor.json';

/** `undefined` if the package was vendored by another tool. */
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

/** The distributions in a `vendor` folder, with their origin if the record contains the same version of them. */
export function readVendoredDistributions(vendorDir: string): readonly VendoredDistribution[] {
  const recorded: unknown = readVendorRecord(vendorDir)?.distributions;
  const origins = new Map<string, Origin>();
  for (const entry of Array.isArray(recorded) ? (recorded as readonly unknown[]) : []) {
    const origin = readOrigin(entry);
    if (origin !== undefined) origins.set(...origin);
  }
  return readDistributions(vendorDir).map((distribution) => ({
    ...distribution,
    ...origins.get(keyOf(distribution.name, distribution.version)),
  }));
}

type Origin = Pick<VendoredDistribution, 'built' | 'sha256' | 'source'>;

function readOrigin(entry: unknown): readonly [string, Origin] | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { name, version, source, sha256, built } = entry as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || typeof version !== 'string') return undefined;
  return [
    keyOf(name, version),
    {
      ...(typeof source === 'string' && { source }),
      ...(typeof sha256 === 'string' && { sha256 }),
      ...(typeof built === 'boolean' && { built }),
    },
  ];
}

function keyOf(name: string, version: string): string {
  return `${normalizeName(name)} ${version}`;
}

function isVendorRecord(value: unknown): value is VendorRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof VendorRecord, unknown>>;
  const python = record.python as Partial<Record<string, unknown>> | null | undefined;
  return record.format === 1 && typeof record.platform === 'string' && typeof python?.['version'] === 'string';
}
