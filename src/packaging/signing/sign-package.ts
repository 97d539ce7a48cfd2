import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { messageOf } from '../../errors/is-error.ts';
import { checkChoice, checkOptionNames, checkSignal } from '../../errors/options.ts';
import { compareFiles, computeFileDigests, type FileDigests } from '../digest/package-digest.ts';
import { applyByteCodePolicy, type ByteCodePolicy, byteCodePolicies } from '../files/byte-code.ts';
import { listPackageFiles, type PackageFile } from '../files/package-files.ts';
import { replaceFile } from '../files/replace-file.ts';
import { createStagingNextTo, isLeftover, recoverNextTo } from '../files/staging.ts';
import { requireManifest } from '../manifest/manifest-text.ts';
import { describeDifferences, FolderContent } from './explain-mismatch.ts';
import { type KeyInput, type PublicKey, type SecretKey, toSecretKey } from './keys.ts';
import { fileListName, formatFileList, signatureBytes, signatureFileName } from './signature-files.ts';
import type { Trust } from './trust.ts';
import { readSignature } from './verify-package.ts';

/** Options of `signPackage()`. */
export interface SignOptions {
  /** The secret key, or a form of it that `SecretKey` accepts. */
  readonly key: KeyInput | SecretKey;
  /**
   * How `__pycache__` folders are handled.
   *
   * @default 'refuse'
   */
  readonly byteCode?: ByteCodePolicy | undefined;
  /**
   * Cancels the operation. The promise is rejected with the reason of the signal.
   *
   * @default `undefined`
   */
  readonly signal?: AbortSignal | undefined;
}

/** The result of signing. */
export interface SignedPackage {
  /** The signed package digest: 32 bytes, see `digestPackage()`. */
  readonly digest: Buffer;
  /** The public half of the key. */
  readonly signedBy: PublicKey;
  /** Number of files that the signature covers. */
  readonly files: number;
}

/**
 * Signs a folder: writes `package.sig`, and `package.files.sig`, which is used to explain later changes.
 *
 * A signature is valid until a file in the folder changes. Packing adds vendored dependencies, so sign while packing
 * (option `key`) or after it, not before.
 *
 * @throws FidiusError `FIDIUS_KEY_INVALID`, `FIDIUS_MANIFEST_NOT_FOUND`, `FIDIUS_PACKAGE_BYTE_CODE`,
 * `FIDIUS_SIGNATURE_UNWRITABLE`; and what `digestPackage()` throws.
 */
export async function signPackage(dir: string, options: SignOptions): Promise<SignedPackage> {
  checkOptionNames('signPackage()', options, ['byteCode', 'key', 'signal']);
  checkSignal(options.signal, 'signPackage()');
  const { byteCode = 'refuse', signal } = options;
  checkChoice('signPackage()', 'byteCode', byteCode, byteCodePolicies);
  const key = toSecretKey(options.key);
  await requireManifest(dir, 'sign');
  await recoverNextTo(dir);

  const listed = await listPackageFiles(dir, { signatures: 'exclude', signal });
  rejectLeftovers(dir, listed);
  const computed = await computeFileDigests(await applyByteCodePolicy(dir, listed, byteCode), signal);
  await writeSignature(dir, computed, key);
  return { digest: computed.digest, signedBy: key.publicKey, files: computed.files.length };
}

/**
 * Writes the signature over an computed, and the list of what is in it.
 *
 * @throws FidiusError `FIDIUS_SIGNATURE_UNWRITABLE`
 */
async function writeSignature(dir: string, { digest, files }: FileDigests, key: SecretKey): Promise<void> {
  const createStaging = () => createStagingNextTo(dir);
  try {
    // The list is written first. If the second write fails, the list explains the old signature.
    const list = formatFileList(digest, files, key);
    await replaceFile(join(dir, fileListName), (file) => file.writeFile(list), { createStaging });
    await replaceFile(join(dir, signatureFileName), (file) => file.writeFile(key.sign(digest)), { createStaging });
  } catch (cause) {
    throw new FidiusError('FIDIUS_SIGNATURE_UNWRITABLE', `Cannot sign package ${dir}: ${messageOf(cause)}`, {
      cause,
      hint: ioHint(cause),
    });
  }
}

/**
 * Rejects a package that contains incomplete content of a killed process, which would become part of it.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_LEFTOVER`
 */
export function rejectLeftovers(dir: string, files: readonly PackageFile[]): void {
  const leftover = files.find(({ path }) => isLeftover(path));
  if (leftover === undefined) return;
  const [folder = ''] = leftover.path.split('/', 1);
  throw new FidiusError(
    'FIDIUS_PACKAGE_LEFTOVER',
    `Package ${dir} contains ${folder}, the incomplete output of an interrupted run`,
    {
      hint: `Check the content of ${join(dir, folder)}, then delete it.`,
    },
  );
}

/**
 * The signature of an archive: `made` now, `kept` because it still matches, `keptUnchecked` because it could not be
 * checked, or `none`.
 */
export type PackedSignature = 'keptUnchecked' | 'kept' | 'made' | 'none';

export interface PreparedSignature {
  readonly signature: PackedSignature;
  /** The expected digest of the archive; `undefined` if there is none. */
  readonly digest: Buffer | undefined;
}

/**
 * Signs the files to be packed, or checks the existing signature.
 *
 * @param covered the files that a signature covers.
 * @throws FidiusError `FIDIUS_SIGNATURE_STALE`, `FIDIUS_SIGNATURE_UNWRITABLE`
 */
export async function prepareSignature(
  dir: string,
  covered: readonly PackageFile[],
  options: {
    readonly key: SecretKey | undefined;
    readonly trust: Trust;
    readonly signal: AbortSignal | undefined;
  },
): Promise<PreparedSignature> {
  const { key, trust, signal } = options;
  const present = await readSignature(dir);
  if (key === undefined && present === undefined) return { signature: 'none', digest: undefined };
  const computed = await computeFileDigests(covered, signal);
  if (key !== undefined) {
    await writeSignature(dir, computed, key);
    return { signature: 'made', digest: computed.digest };
  }
  if (present === undefined) return { signature: 'none', digest: undefined };
  const freshness = await checkSignatureMatches(dir, present, computed, trust);
  return { signature: freshness === 'fits' ? 'kept' : 'keptUnchecked', digest: computed.digest };
}

/** Whether an existing signature matches the package. `unknown` if it cannot be checked. */
type SignatureMatch = 'fits' | 'unknown';

/**
 * Checks whether a signature still matches the files, without the key that made it.
 *
 * The check needs the signed list of files or a trusted key. Without either, the result is `unknown`.
 *
 * @throws FidiusError `FIDIUS_SIGNATURE_STALE`
 */
async function checkSignatureMatches(
  dir: string,
  signature: Buffer,
  { digest, files }: FileDigests,
  trust: Trust,
): Promise<SignatureMatch> {
  if (signature.length !== signatureBytes)
    throw stale(dir, `${signatureFileName} does not have ${signatureBytes} bytes`);
  if (trust.check(digest, signature).verdict !== 'unknown') return 'fits';
  const list = await new FolderContent(dir).readFileList();
  if (list !== undefined && list.key.verifies(list.digest, signature)) {
    if (list.digest.equals(digest)) return 'fits';
    const differences = compareFiles(list.readFiles() ?? [], files);
    throw stale(dir, `${describeDifferences(differences)} after the package was signed`);
  }
  if (trust.keys.length > 0) throw stale(dir, 'the signature matches none of the trusted keys');
  return 'unknown';
}

export function stale(dir: string, problem: string): FidiusError {
  return new FidiusError('FIDIUS_SIGNATURE_STALE', `Cannot pack ${dir}: its signature is out of date: ${problem}`, {
    hint: 'Pass the secret key to sign it again, or delete package.sig and package.files.sig.',
  });
}
