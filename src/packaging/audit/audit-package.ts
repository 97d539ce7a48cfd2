import { statSync } from 'node:fs';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { type ArchiveLimits, resolveLimits } from '../archive/limits.ts';
import { OpenArchive } from '../archive/read-archive.ts';
import { digestFiles } from '../digest/package-digest.ts';
import { listPackageFiles } from '../files/package-files.ts';
import { type Manifest, parseManifest, readManifest } from '../manifest/manifest.ts';
import { readManifestText } from '../manifest/manifest-text.ts';
import { archiveFileName } from '../manifest/package-name.ts';
import { FolderContent } from '../signing/explain-mismatch.ts';
import { isOurSignature } from '../signing/signature-files.ts';
import { Trust, type TrustOptions } from '../signing/trust.ts';
import { nameOf } from '../signing/trust-store.ts';
import { readSignature, requireTrusted } from '../signing/verify-package.ts';
import { ArchiveContent } from '../store/archive-content.ts';
import { ArchiveSnapshot } from '../store/archive-snapshot.ts';

/** The result of one rule. */
export interface AuditFinding {
  /** Name of the rule, such as `signature`. */
  readonly rule: string;
  /** `refused`: a host rejects the package. `warning`: a host accepts it, but it needs a review. */
  readonly verdict: 'not checked' | 'ok' | 'refused' | 'warning';
  readonly message: string;
}

export interface AuditOptions extends TrustOptions, ArchiveLimits {
  /** Whether the signature is verified. Otherwise only its presence is reported. */
  readonly requireSignature?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Audit {
  readonly manifest: Manifest | undefined;
  readonly digest: Buffer | undefined;
  readonly findings: readonly AuditFinding[];
}

/**
 * Checks a package (a folder or an archive) as a host does before it runs code, and reports the result of each rule.
 *
 * No code runs and nothing is written. All rules are evaluated, even if one of them fails.
 */
export async function auditPackage(path: string, options: AuditOptions = {}): Promise<Audit> {
  const { signal, maxBytes, maxRatio, maxEntries } = options;
  const limits = { maxBytes, maxRatio, maxEntries, signal };
  const isArchive = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const audit = new Findings();

  const subject = await audit.attempt('content', async () => {
    const read = isArchive ? await readArchiveSubject(path, limits) : await readFolderSubject(path, limits);
    return [read, `${read.paths.length} files, ${read.bytes} bytes; every name and link is in order`];
  });
  const manifest = await audit.attempt('manifest', async () => {
    const found =
      subject?.manifest === undefined ? loadManifestOf(path, isArchive) : parseManifest(subject.manifest, path);
    return [found, `${found.name} ${found.version}, for ${found.interface} (version ${found.interfaceVersion})`];
  });
  if (manifest !== undefined) {
    await audit.attempt('name', async () => [undefined, `can be installed as ${archiveFileName(manifest)}`], 'warning');
  }
  if (subject !== undefined) {
    await checkSignature(audit, path, subject, manifest, options);
    checkCoverage(audit, subject);
    checkByteCode(audit, subject);
    if (manifest !== undefined) checkEntryModule(audit, subject, manifest);
    checkVendored(audit, subject);
  }
  return { manifest, digest: subject?.digest, findings: audit.list };
}

/** The manifest of an unreadable archive is not used. A folder may still have a valid manifest. */
function loadManifestOf(path: string, isArchive: boolean): Manifest {
  if (isArchive) throw new Error('the archive cannot be read');
  return readManifest(path);
}

class Findings {
  readonly list: AuditFinding[] = [];

  add(rule: string, verdict: AuditFinding['verdict'], message: string): void {
    this.list.push({ rule, verdict, message });
  }

  /** Runs a rule and records its message. Returns `undefined` if the rule fails, and records the error. */
  async attempt<T>(
    rule: string,
    body: () => Promise<readonly [T, string]>,
    otherwise: AuditFinding['verdict'] = 'refused',
  ): Promise<T | undefined> {
    try {
      const [result, message] = await body();
      this.add(rule, 'ok', message);
      return result;
    } catch (error) {
      if (!isFidiusError(error) && !(error instanceof Error && error.message === 'the archive cannot be read'))
        throw error;
      this.add(rule, otherwise, messageOf(error));
      return undefined;
    }
  }
}

async function checkSignature(
  audit: Findings,
  path: string,
  subject: AuditSubject,
  manifest: Manifest | undefined,
  options: AuditOptions,
): Promise<void> {
  const { signature, digest, isArchive } = subject;
  if (options.requireSignature !== true) {
    const found = signature === undefined ? 'the package is not signed' : 'the package is signed';
    audit.add('signature', 'not checked', `${found}; pass trusted keys to verify the signature`);
    return;
  }
  const content = isArchive ? new ArchiveContent(path, options) : new FolderContent(path);
  await audit.attempt('signature', async () => {
    const trust = new Trust(options);
    const key = await requireTrusted(path, { content, digest, signature, trust, name: manifest?.name ?? '' });
    return [key, `signed by ${nameOf(key)}`];
  });
}

function checkCoverage(audit: Findings, { excluded }: AuditSubject): void {
  if (excluded.length === 0) audit.add('coverage', 'ok', 'a signature covers every file');
  else
    audit.add(
      'coverage',
      'warning',
      `no signature covers ${some(excluded)}; a host that requires signatures does not load it`,
    );
}

function checkByteCode(audit: Findings, { paths }: AuditSubject): void {
  const found = paths.filter((path) => path.split('/').includes('__pycache__'));
  if (found.length === 0) audit.add('byte-code', 'ok', 'the package contains no compiled Python code');
  else
    audit.add(
      'byte-code',
      'warning',
      `the package contains compiled Python code, which may not match its source: ${some(found)}`,
    );
}

function checkEntryModule(audit: Findings, { paths }: AuditSubject, manifest: Manifest): void {
  if (manifest.runtime !== 'python') {
    audit.add('entry module', 'refused', `the package is not a Python package: its runtime is "${manifest.runtime}"`);
    return;
  }
  const { entryModule } = manifest.python;
  const base = entryModule.replaceAll('.', '/');
  const starts = ['', 'vendor/'].flatMap((folder) => [`${folder}${base}.`, `${folder}${base}/__init__.`]);
  const found = paths.find((path) => starts.some((start) => path.startsWith(start)));
  if (found === undefined) audit.add('entry module', 'refused', `the package contains no module ${entryModule}`);
  else audit.add('entry module', 'ok', `${entryModule} is ${found}`);
}

function checkVendored(audit: Findings, { paths }: AuditSubject): void {
  const compiled = paths.filter((path) => /\.(?:so|pyd|dylib|dll)(?:\.\d+)*$/.test(path));
  if (compiled.length === 0) audit.add('native code', 'ok', 'the package contains no native code');
  else
    audit.add(
      'native code',
      'warning',
      `the package contains native code, which can crash the process of its host: ${some(compiled)}`,
    );
}

function some(paths: readonly string[]): string {
  const named = paths.slice(0, 4).join(', ');
  return paths.length > 4 ? `${named} and ${paths.length - 4} more` : named;
}

/** The facts about a package that are known without unpacking or running it. */
export interface AuditSubject {
  readonly isArchive: boolean;
  /** Files that the digest covers. */
  readonly paths: readonly string[];
  readonly bytes: number;
  readonly excluded: readonly string[];
  readonly signature: Buffer | undefined;
  readonly digest: Buffer;
  /** The text of the manifest. */
  readonly manifest: string | undefined;
}

type Limits = ArchiveLimits & { readonly signal?: AbortSignal | undefined };

export async function readFolderSubject(dir: string, limits: Limits): Promise<AuditSubject> {
  const { maxBytes, maxEntries } = resolveLimits('auditPackage()', limits);
  const excluded: string[] = [];
  const files = await listPackageFiles(dir, {
    signatures: 'exclude',
    maxEntries,
    signal: limits.signal,
    onExcluded: (path) => isOurSignature(path) || excluded.push(path),
  });
  let bytes = 0;
  const digest = await digestFiles(files, limits.signal, { maxBytes }, (size) => (bytes += size));
  const signature = await readSignature(dir);
  const paths = files.map(({ path }) => path);
  return { isArchive: false, paths, bytes, excluded, signature, digest, manifest: readManifestText(dir) };
}

async function readArchiveSubject(archive: string, limits: Limits): Promise<AuditSubject> {
  const opened = OpenArchive.open(archive);
  try {
    const { digest, facts, sizes } = await ArchiveSnapshot.read(opened, limits);
    const paths = sizes.map(([path]) => path);
    const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
    const { excluded, signature, manifest } = facts;
    return { isArchive: true, paths, bytes, excluded, signature, digest, manifest };
  } finally {
    opened.close();
  }
}
