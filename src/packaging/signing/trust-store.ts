import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parse, TomlDate, TomlError } from 'smol-toml';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { messageOf } from '../../errors/is-error.ts';
import { shown } from '../../errors/shown.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { findUntrustedPart } from '../../files/trusted-path.ts';
import { IssueCollector, TableReader } from '../manifest/table-reader.ts';
import { findTomlPositions } from '../manifest/toml-positions.ts';
import { readPublicKey } from './key-files.ts';
import { PublicKey } from './keys.ts';

/** A key whose signatures are accepted, and the limits of this trust. */
export interface TrustedKey {
  /** What people call the key; `undefined` for one that was passed to a function without a name. */
  readonly name: string | undefined;
  /** The public key. */
  readonly key: PublicKey;
  /** After this moment, by the clock of this machine, nothing that the key signed is trusted. */
  readonly notAfter: Date | undefined;
  /** Names of the packages that it may sign, in which `*` stands for any characters. Absent: any package. */
  readonly packages?: readonly string[] | undefined;
}

/** The trusted and the revoked keys of a host. It is plain data that is read once, without network access. */
export interface TrustStore {
  /** The trusted keys, in the order of the file. */
  readonly keys: readonly TrustedKey[];
  /** Reasons by key id. A revoked key is rejected even if another option trusts it. */
  readonly revoked: ReadonlyMap<string, string>;
}

/** How messages name a key: `acme (8a88e3dd7409f195)`, or the id alone. */
export function nameOf({ name, key }: Pick<TrustedKey, 'key' | 'name'>): string {
  return name === undefined ? `key ${key.id}` : `key ${name} (${key.id})`;
}

const trustFileName = 'trust.toml';
// Thousands of keys.
const maxTrustBytes = 256 * 1024;
const keyFileEndings = ['.public', '.pem'] as const;

/**
 * Reads a trust store: a TOML file, or a folder of `.public` and `.pem` files with a `trust.toml` among them if needed.
 *
 * @throws FidiusError `FIDIUS_TRUST_UNREADABLE`, `FIDIUS_TRUST_INVALID`. A store with an invalid entry is rejected as a
 * whole.
 */
export async function readTrustStore(path: string): Promise<TrustStore> {
  const status = await attempt(path, () => stat(path));
  requireTrustedPath(path);
  return status.isDirectory() ? readTrustFolder(path) : readTrustFile(path);
}

async function readTrustFolder(dir: string): Promise<TrustStore> {
  const names = (await attempt(dir, () => readdir(dir))).sort().filter((name) => !name.startsWith('.'));
  // Unknown files are errors: one could be a misspelt trust.toml with revoked keys.
  const unknown = names.filter(
    (name) => name !== trustFileName && !keyFileEndings.some((ending) => name.endsWith(ending)),
  );
  const [first] = unknown;
  if (first !== undefined) {
    const expected = `${trustFileName} and files that end in ${keyFileEndings.join(' or ')}`;
    const message = `Invalid trust store ${dir}: it contains ${shown(first)}, expected only ${expected}`;
    throw new FidiusError('FIDIUS_TRUST_INVALID', message, { hint: 'Move it out of the folder, or rename it.' });
  }
  const described = names.includes(trustFileName) ? await readTrustFile(join(dir, trustFileName)) : emptyStore;
  const keys = [...described.keys];
  for (const name of names) {
    const ending = keyFileEndings.find((candidate) => name.endsWith(candidate));
    if (ending === undefined) continue;
    requireTrustedPath(join(dir, name));
    const key = await readKeyOf(join(dir, name));
    // The entry in trust.toml (for example its expiry) takes precedence.
    if (keys.some((known) => known.key.id === key.id)) continue;
    keys.push({ name: basename(name, ending), key, notAfter: undefined, packages: undefined });
  }
  return { keys, revoked: described.revoked };
}

/** A user who can change or replace a trust store decides which keys are trusted. */
function requireTrustedPath(path: string): void {
  const distrust = findUntrustedPart(path);
  if (distrust === undefined) return;
  const { culprit, problem, hint } = distrust;
  throw new FidiusError('FIDIUS_TRUST_UNSAFE', `Cannot use the trust store ${path}: ${culprit}: ${problem}`, { hint });
}

const emptyStore: TrustStore = { keys: [], revoked: new Map() };

async function readTrustFile(path: string): Promise<TrustStore> {
  requireTrustedPath(path);
  const text = await attempt(path, async () => {
    return readForeignFile(path, { links: 'follow', maxBytes: maxTrustBytes }).toString();
  });
  const issues = new IssueCollector(() => findTomlPositions(text));
  const fields = new TableReader(parseToml(text, path), [], issues);
  fields.allowOnly(['keys', 'revoked']);

  const keys = await Promise.all(fields.tables('keys').map((entry) => readKeyEntry(entry, dirname(path), text)));
  const revoked = fields.tables('revoked').map(readRevokedEntry);
  if (issues.count > 0) {
    const lines = issues.list.map(
      ({ path: pointer, message, line }) => `\n  ${pointer}: ${message} (line ${line ?? 1})`,
    );
    throw new FidiusError('FIDIUS_TRUST_INVALID', `Invalid trust store ${path}${lines.join('')}`, {
      hint: `Correct these lines of ${path}.`,
    });
  }
  return { keys: keys.filter((key) => key !== undefined), revoked: new Map(revoked) };
}

async function readKeyEntry(entry: TableReader, dir: string, document: string): Promise<TrustedKey | undefined> {
  entry.allowOnly(['name', 'file', 'public_key', 'not_after', 'packages']);
  const name = entry.line('name');
  const packages = readPatterns(entry);
  const notAfter = readMoment(entry, 'not_after', document);
  const [field, other] = entry.has('file') ? ['file', 'public_key'] : ['public_key', 'file'];
  if (entry.has(other)) entry.report(other, `must be absent: the key is given by ${field}`);
  const text = entry.string(field);
  try {
    if (field === 'file') requireTrustedPath(resolve(dir, text));
    const key = field === 'file' ? await readPublicKey(resolve(dir, text)) : new PublicKey(text);
    return { name, key, notAfter, packages };
  } catch (cause) {
    if (!isFidiusError(cause) || cause.code === 'FIDIUS_TRUST_UNSAFE') throw cause;
    entry.report(field, cause.message);
    return undefined;
  }
}

function readRevokedEntry(entry: TableReader): readonly [id: string, reason: string] {
  entry.allowOnly(['id', 'reason']);
  const id = entry.string('id');
  if (!/^[0-9a-f]{16}$/.test(id)) entry.report('id', 'must be the 16 hex digits of a key id');
  return [id, entry.line('reason')];
}

/** Names of packages that a key may sign; `undefined` if it may sign any. */
function readPatterns(entry: TableReader): readonly string[] | undefined {
  if (!entry.has('packages')) return undefined;
  const patterns = entry.strings('packages');
  // An empty list would trust the key for nothing, a list of "" as well: most likely a mistake.
  if (patterns.length === 0 || patterns.includes('')) {
    entry.report('packages', 'must contain names of packages, where * matches any characters');
  }
  return patterns;
}

function readMoment(entry: TableReader, key: string, document: string): Date | undefined {
  const value = entry.value(key);
  if (value === undefined) return undefined;
  // The parser turns 30 February into 2 March, so that the parsed date differs from the text.
  if (value instanceof TomlDate && !value.isTime() && !document.includes(value.toISOString().slice(0, 10))) {
    entry.report(key, 'is not a date that exists');
    return undefined;
  }
  if (value instanceof TomlDate && value.isDate()) {
    // The whole day counts, to its end in UTC.
    return new Date(value.getTime() + 24 * 60 * 60 * 1000 - 1);
  }
  if (value instanceof TomlDate && value.isDateTime() && !value.isLocal()) return new Date(value);
  entry.report(key, 'must be a date, or a date and time with its offset from UTC');
  return undefined;
}

function parseToml(text: string, path: string): object {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw new FidiusError('FIDIUS_TRUST_INVALID', `Invalid trust store ${path}: ${cause.message}`, {
      cause,
      hint: `Correct ${path}: it must be valid TOML.`,
    });
  }
}

async function readKeyOf(path: string): Promise<PublicKey> {
  try {
    return await readPublicKey(path);
  } catch (cause) {
    throw new FidiusError('FIDIUS_TRUST_INVALID', `Invalid trust store: ${messageOf(cause)}`, {
      cause,
      hint: `Replace the key ${path} in the trust store, or remove it.`,
    });
  }
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  return action().catch((cause: unknown) => {
    throw new FidiusError('FIDIUS_TRUST_UNREADABLE', `Cannot read trust store ${path}: ${messageOf(cause)}`, {
      cause,
      hint: ioHint(cause),
    });
  });
}
