import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ioCode } from '../../errors/is-error.ts';
import { readForeignHead } from '../../files/open-foreign-file.ts';

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
