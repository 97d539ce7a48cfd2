/** 64 raw bytes: the Ed25519 signature of the package digest. The Rust tool reads and writes it. */
export const signatureFileName = 'package.sig';

/**
 * The signed list of files, which explains a signature that does not fit. Its name ends in `.sig` because the digest leaves
 * such files out, here and in the Rust tool: the list can be there or not without changing the digest it belongs to.
 */
export const fileListName = 'package.files.sig';

export const signatureBytes = 64;

/** Both: they are not covered by a signature, and need not be. */
export const signatureFiles: readonly string[] = [signatureFileName, fileListName];

export function isOurSignature(path: string): boolean {
  return signatureFiles.includes(path);
}
