import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { checkSignal } from '../../errors/option-values.ts';
import { checkChoice, checkOptionNames } from '../../errors/options.ts';
import { computeFileDigests, type FileDigests } from '../digest/file-digests.ts';
import { applyByteCodePolicy, type ByteCodePolicy, byteCodePolicies } from '../files/byte-code.ts';
import { listPackageFiles, type PackageFile } from '../files/package-files.ts';
import { replaceFile } from '../files/replace-file.ts';
import { createStagingNextTo, isLeftover, recoverNextTo } from '../files/staging.ts';
import { requireManifest } from '../manifest/manifest-text.ts';
import { type KeyInput, type PublicKey, type SecretKey, toSecretKey } from './keys.ts';
import { fileListName, formatFileList, signatureFileName } from './signature-files.ts';

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
export async function writeSignature(dir: string, { digest, files }: FileDigests, key: SecretKey): Promise<void> {
  const createStaging = () => createStagingNextTo(dir);
  try {
    // The list is written first. If the second write fails, the list explains the old signature.
    const list = formatFileList(digest, files, key);
    await replaceFile(join(dir, fileListName), (file) => file.writeFile(list), { createStaging });
    await replaceFile(join(dir, signatureFileName), (file) => file.writeFile(key.sign(digest)), { createStaging });
  } catch (cause) {
    throw new FidiusError('FIDIUS_SIGNATURE_UNWRITABLE', `Cannot sign package ${dir}: ${messageOf(cause)}`, { cause });
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
  throw new FidiusError('FIDIUS_PACKAGE_LEFTOVER', `Package ${dir} holds ${folder}, left by an interrupted run`, {
    hint: `Delete ${join(dir, folder)}, after a look at what is in it.`,
  });
}
