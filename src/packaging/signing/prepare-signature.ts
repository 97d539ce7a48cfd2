import { FidiusError } from '../../errors/fidius-error.ts';
import { compareFiles, computeFileDigests, type FileDigests } from '../digest/file-digests.ts';
import type { PackageFile } from '../files/package-files.ts';
import { describeDifferences, FolderContent } from './explain-mismatch.ts';
import type { SecretKey } from './keys.ts';
import { writeSignature } from './sign-package.ts';
import { signatureBytes, signatureFileName } from './signature-files.ts';
import type { Trust } from './trust.ts';
import { readSignature } from './verify-package.ts';

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
export type SignatureMatch = 'fits' | 'unknown';

/**
 * Checks whether a signature still matches the files, without the key that made it.
 *
 * The check needs the signed list of files or a trusted key. Without either, the result is `unknown`.
 *
 * @throws FidiusError `FIDIUS_SIGNATURE_STALE`
 */
export async function checkSignatureMatches(
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
    throw stale(dir, `since then ${describeDifferences(differences)}`);
  }
  if (trust.keys.length > 0) throw stale(dir, 'the signature matches none of the trusted keys');
  return 'unknown';
}

export function stale(dir: string, problem: string): FidiusError {
  return new FidiusError('FIDIUS_SIGNATURE_STALE', `Cannot pack ${dir}: its signature is out of date, ${problem}`, {
    hint: 'Pass the secret key to sign it again, or delete package.sig and package.files.sig.',
  });
}
