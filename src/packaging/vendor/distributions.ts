import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readForeignHead } from '../../files/open-foreign-file.ts';
import { ioCode } from '../io-error.ts';

/** A Python distribution that a package brings along, as its metadata describes it. */
export interface Distribution {
  /** As its author writes it. */
  readonly name: string;
  readonly version: string;
  /** Wheel tags such as `cp311-cp311-manylinux_2_17_x86_64`, any of which describes it; empty when it was no wheel. */
  readonly tags: readonly string[];
  /** The versions of Python it asks for, such as `>=3.9`; empty when it does not say. */
  readonly requiresPython: string;
}

// No package vendors more; what is beyond them is not looked at, and Python says what is wrong with it.
const mostDistributions = 1000;
// Metadata ends in a description that may be long; the fields come before.
const maxHeadBytes = 128 * 1024;

/** The folder of a package that its dependencies lie in. */
export const vendorFolder = 'vendor';

/** Reads what `*.dist-info` folders say of the vendored distributions, in order of their names. */
export function readDistributions(vendorDir: string): readonly Distribution[] {
  return listFolder(vendorDir)
    .filter((name) => name.endsWith('.dist-info'))
    .slice(0, mostDistributions)
    .map((name) => readDistribution(join(vendorDir, name)))
    .filter((distribution) => distribution !== undefined)
    .sort((a, b) => (normalizeName(a.name) < normalizeName(b.name) ? -1 : 1));
}

/** Names are the same when they differ only in case and in `-`, `_` and `.` (PEP 503). */
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

/** The head of a file in the form of an e-mail; empty when there is no such file. */
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
