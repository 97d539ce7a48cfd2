import { FidiusError } from '../../errors/fidius-error.ts';
import { describeDifferences } from './explain-mismatch.ts';
import { compareFiles, type Inventory } from './inventory.ts';
import { FolderContent } from './package-content.ts';
import { signatureBytes, signatureFileName } from './signature-files.ts';
import type { Trust } from './trust.ts';

/** What is known of a signature that a package already has. */
export type Freshness = 'fits' | 'unknown';

/**
 * Finds out whether a signature still fits the files, as far as that can be told without the key that made it.
 *
 * The signed list of files tells; without one, a trusted key does; without either nobody can know.
 *
 * @throws FidiusError `FIDIUS_SIGNATURE_STALE`
 */
export async function checkFreshness(
  dir: string,
  signature: Buffer,
  { digest, files }: Inventory,
  trust: Trust,
): Promise<Freshness> {
  if (signature.length !== signatureBytes)
    throw stale(dir, `${signatureFileName} does not have ${signatureBytes} bytes`);
  if (trust.judge(digest, signature).verdict !== 'unknown') return 'fits';
  const list = await new FolderContent(dir).readFileList();
  if (list !== undefined && list.key.verifies(list.digest, signature)) {
    if (list.digest.equals(digest)) return 'fits';
    const differences = compareFiles(list.readFiles() ?? [], files);
    throw stale(dir, `since then ${describeDifferences(differences)}`);
  }
  if (trust.keys.length > 0) throw stale(dir, 'the signature fits none of the trusted keys');
  return 'unknown';
}

export function stale(dir: string, problem: string): FidiusError {
  return new FidiusError('FIDIUS_SIGNATURE_STALE', `Cannot pack ${dir}: its signature is out of date, ${problem}`, {
    hint: 'Pass the secret key, so that it is signed anew; or delete package.sig and package.files.sig.',
  });
}
