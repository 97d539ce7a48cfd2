import { realpath } from 'node:fs/promises';
import { basename, dirname, join, posix, resolve, sep } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { messageOf } from '../../errors/is-error.ts';
import { checkChoice, checkOptionNames, checkSignal } from '../../errors/options.ts';
import { ArchiveError } from '../../errors/package-errors.ts';
import { applyByteCodePolicy, type ByteCodePolicy, byteCodePolicies } from '../files/byte-code.ts';
import { listPackageFiles, type PackageFile } from '../files/package-files.ts';
import { recoverNextTo } from '../files/staging.ts';
import { type Manifest, readManifest } from '../manifest/manifest.ts';
import { archiveFileName, packageStem } from '../manifest/package-name.ts';
import { type KeyInput, type SecretKey, toSecretKey } from '../signing/keys.ts';
import { type PackedSignature, prepareSignature, rejectLeftovers, stale } from '../signing/sign-package.ts';
import { isOurSignature } from '../signing/signature-files.ts';
import { Trust, type TrustOptions, trustOptionNames } from '../signing/trust.ts';
import { readSignature } from '../signing/verify-package.ts';
import { type VendorOptions, type VendorOutcome, vendorDependencies } from '../vendor/vendor-dependencies.ts';
import { findVendorState } from '../vendor/vendor-state.ts';
import { EntryNames, splitEntryPath } from './entry-path.ts';
import { resolveLimits } from './limits.ts';
import { type PackProgress, writeArchive } from './write-archive.ts';

/** Trusted keys are used only to check an existing signature. */
export interface PackOptions extends TrustOptions {
  /**
   * Path of the archive.
   *
   * @default `NAME-VERSION.EXTENSION` in the current folder
   */
  readonly output?: string | undefined;
  /**
   * Signs the package with this key.
   *
   * @default an existing signature is kept if it still matches
   */
  readonly key?: KeyInput | SecretKey | undefined;
  /**
   * How `__pycache__` folders are handled.
   *
   * @default 'refuse'
   */
  readonly byteCode?: ByteCodePolicy | undefined;
  /**
   * How the dependencies of a Python package are vendored; `false` does not vendor them.
   *
   * @default {}, which vendors if there is a requirements file and no `vendor` folder
   */
  readonly vendor?: VendorOptions | false | undefined;
  /**
   * Cancels the operation. The promise is rejected with the reason of the signal.
   *
   * @default `undefined`
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives the progress of writing the archive, on the JavaScript thread.
   *
   * @default `undefined`
   */
  readonly onProgress?: ((progress: PackProgress) => void) | undefined;
}

/** The result of packing. */
export interface PackedPackage {
  /** Absolute path of the archive. */
  readonly archive: string;
  /** The manifest of the package. */
  readonly manifest: Manifest;
  /** The package digest: 32 bytes, see `digestPackage()`. */
  readonly digest: Buffer;
  /** Whether the archive is signed, and where its signature comes from. */
  readonly signature: PackedSignature;
  /** The result of vendoring; `undefined` if vendoring was not necessary. */
  readonly vendored: VendorOutcome | undefined;
  /** Number of files in the archive. */
  readonly files: number;
  /** Files that no signature covers, because their names end in `.sig`. */
  readonly uncoveredFiles: readonly string[];
  /** Sentences about default limits that the archive exceeds. They must be raised for unpacking. */
  readonly warnings: readonly string[];
  /** Size of all files together, in bytes. */
  readonly bytes: number;
  /** Size of the archive, in bytes. */
  readonly archiveBytes: number;
}

const optionNames: readonly string[] = [
  'byteCode',
  'key',
  'onProgress',
  'output',
  'signal',
  'vendor',
  ...trustOptionNames,
];

/**
 * Creates an archive of a package: vendors its dependencies, signs it if a key is given, and writes the archive. The
 * signature therefore covers the vendored files.
 *
 * The same files produce the same archive, byte for byte.
 *
 * @throws ManifestError; ArchiveError `FIDIUS_ARCHIVE_OUTPUT_INSIDE`, `FIDIUS_ARCHIVE_UNWRITABLE`,
 * `FIDIUS_ARCHIVE_PATH_INVALID`, `FIDIUS_ARCHIVE_PATH_DUPLICATE`; FidiusError
 * `FIDIUS_PACKAGE_NAME`, `FIDIUS_PACKAGE_COMPONENT`, `FIDIUS_PACKAGE_BYTE_CODE`, `FIDIUS_PACKAGE_CHANGED`, `FIDIUS_SIGNATURE_STALE`; and what
 * `vendorDependencies()`, `signPackage()` and `digestPackage()` throw.
 */
export async function packPackage(dir: string, options: PackOptions = {}): Promise<PackedPackage> {
  checkOptionNames('packPackage()', options, optionNames);
  checkSignal(options.signal, 'packPackage()');
  const { byteCode = 'refuse', signal } = options;
  checkChoice('packPackage()', 'byteCode', byteCode, byteCodePolicies);
  const key = options.key === undefined ? undefined : toSecretKey(options.key);
  const trust = new Trust(options);
  const manifest = readManifest(dir);
  const root = packageStem(manifest);
  const archive = resolve(options.output ?? archiveFileName(manifest));
  await refuseOutputInside(dir, archive);

  await recoverNextTo(dir);
  const vendored = await vendor(dir, manifest, { ...options, key });
  const listed = await listPackageFiles(dir, { signatures: 'exclude', signal });
  rejectLeftovers(dir, listed);
  const covered = await applyByteCodePolicy(dir, listed, byteCode);
  requireComponent(dir, manifest, covered);
  const { signature, digest: signed } = await prepareSignature(dir, covered, { key, trust, signal });
  const files = await listPackageFiles(dir, { signatures: 'include', signal });
  rejectLeftovers(dir, files);
  checkPackable(archive, root, files);
  const written = await writeArchive(archive, files, {
    root,
    approve: (digest) => requireSame(dir, signed, digest),
    signal,
    onProgress: options.onProgress,
  });

  const uncoveredFiles = files.map(({ path }) => path).filter((path) => path.endsWith('.sig') && !isOurSignature(path));
  const warnings = describeExceededLimits(files.length, written.bytes, written.archiveBytes);
  return { archive, manifest, signature, vendored, files: files.length, uncoveredFiles, warnings, ...written };
}

async function vendor(dir: string, manifest: Manifest, options: PackOptions): Promise<VendorOutcome | undefined> {
  if (manifest.runtime !== 'python' || options.vendor === false) return undefined;
  const { requirements } = options.vendor ?? {};
  const isNeeded = (await findVendorState(dir, manifest, { requirements })) === 'needed';
  if (isNeeded && options.key === undefined && (await readSignature(dir)) !== undefined) {
    throw stale(dir, 'its dependencies are not vendored yet');
  }
  return vendorDependencies(dir, { signal: options.signal, ...options.vendor });
}

/** An archive inside its package would become part of the next archive, and invalidate the signature of the folder. */
async function refuseOutputInside(dir: string, archive: string): Promise<void> {
  const folder = await realpath(dirname(archive)).catch((cause: unknown) => {
    const message = `Cannot write archive ${archive}: ${messageOf(cause)}`;
    throw new ArchiveError('FIDIUS_ARCHIVE_UNWRITABLE', message, { archive }, { cause, hint: ioHint(cause) });
  });
  const packed = await realpath(dir);
  if (folder !== packed && !folder.startsWith(packed + sep)) return;
  throw new ArchiveError(
    'FIDIUS_ARCHIVE_OUTPUT_INSIDE',
    `Cannot pack ${dir} into itself: the archive would be ${archive}`,
    { archive },
    {
      hint: `Write it elsewhere, for example to ${join(dirname(packed), basename(archive))}.`,
    },
  );
}

/** Rejects an archive if a file changed between signing and writing. */
function requireSame(dir: string, signed: Buffer | undefined, written: Buffer): void {
  if (signed === undefined || signed.equals(written)) return;
  throw new FidiusError('FIDIUS_PACKAGE_CHANGED', `Cannot pack ${dir}: it changed while it was packed`, {
    hint: 'Wait until nothing writes to the package, then try again.',
  });
}

/**
 * Rejects files that cannot be unpacked. The rules for archives are stricter than those of file systems.
 *
 * @throws ArchiveError `FIDIUS_ARCHIVE_PATH_INVALID`, `FIDIUS_ARCHIVE_PATH_DUPLICATE`
 */
function checkPackable(archive: string, root: string, files: readonly PackageFile[]): void {
  const names = new EntryNames();
  for (const { path } of files) {
    const parts = splitEntryPath(`${root}/${path}`);
    const refuse = (code: 'FIDIUS_ARCHIVE_PATH_DUPLICATE' | 'FIDIUS_ARCHIVE_PATH_INVALID', problem: string) =>
      new ArchiveError(
        code,
        `Cannot pack ${JSON.stringify(path)}: ${problem}`,
        { archive, entry: path },
        { hint: 'Rename it.' },
      );
    if ('code' in parts) throw refuse('FIDIUS_ARCHIVE_PATH_INVALID', parts.problem);
    const other = names.add(parts, false);
    if (other === undefined) continue;
    const name = JSON.stringify(other.slice(root.length + 1));
    throw refuse('FIDIUS_ARCHIVE_PATH_DUPLICATE', `some file systems treat it as equal to ${name}`);
  }
}

/** Describes the default limits that the archive exceeds when it is unpacked. */
function describeExceededLimits(files: number, bytes: number, archiveBytes: number): readonly string[] {
  const { maxEntries, maxBytes, maxRatio } = resolveLimits('packPackage()', {});
  const ratio = bytes / archiveBytes;
  return [
    ...(files > maxEntries
      ? [`The package has ${files} files; unpacking allows ${maxEntries} unless \`maxEntries\` is raised.`]
      : []),
    ...(bytes > maxBytes
      ? [`The files have ${bytes} bytes; unpacking allows ${maxBytes} unless \`maxBytes\` is raised.`]
      : []),
    ...(ratio > maxRatio
      ? [
          `The files are ${ratio.toFixed(1)} times as large as the archive; unpacking allows ${maxRatio} times unless \`maxRatio\` is raised.`,
        ]
      : []),
  ];
}

/**
 * Rejects a WebAssembly package if a file that its manifest names is missing. No host could load it.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_COMPONENT`
 */
function requireComponent(dir: string, manifest: Manifest, files: readonly PackageFile[]): void {
  if (manifest.runtime !== 'wasm') return;
  const { component, precompiled } = manifest.wasm;
  for (const [field, named] of Object.entries({ component, precompiled })) {
    if (named === undefined || files.some(({ path }) => path === posix.normalize(named))) continue;
    throw new FidiusError(
      'FIDIUS_PACKAGE_COMPONENT',
      `Cannot pack ${dir}: the file ${JSON.stringify(named)} that \`[wasm].${field}\` names does not exist`,
      { hint: 'Build the file into the package, outside the folder `target`, which is not packed.' },
    );
  }
}
