import type { FileDifference } from '../../errors/package-errors.ts';
import type { BudgetLimits } from '../files/budget.ts';
import type { PackageFile } from '../files/package-files.ts';
import { readFiles } from '../files/read-files.ts';
import type { ListedFile } from '../signing/signature-files.ts';
import { crypto } from './crypto.ts';
import { PackageDigest } from './package-digest.ts';

/** The digest of a package, and the digest of each file. */
export interface FileDigests {
  readonly digest: Buffer;
  readonly files: readonly ListedFile[];
}

/** Reads the files of a package once, and computes the package digest and the digest of each file. */
export async function computeFileDigests(
  packageFiles: readonly PackageFile[],
  signal?: AbortSignal,
  limits: Pick<BudgetLimits, 'maxBytes'> = {},
): Promise<FileDigests> {
  const digest = new PackageDigest();
  const files: ListedFile[] = [];
  for await (const file of readFiles(packageFiles, signal, limits)) {
    const hash = crypto().createHash('sha256');
    digest.beginFile(file.path, file.bytes);
    for await (const piece of file.content) {
      digest.update(piece);
      hash.update(piece);
    }
    files.push({ path: file.path, bytes: file.bytes, sha256: hash.digest('hex') });
  }
  return { digest: digest.finish(), files };
}

/** The differences between two lists of files, sorted by path. */
export function compareFiles(expected: readonly ListedFile[], found: readonly ListedFile[]): readonly FileDifference[] {
  const before = new Map(expected.map((file) => [file.path, file]));
  const now = new Map(found.map((file) => [file.path, file]));
  const removed = new Map(expected.filter(({ path }) => !now.has(path)).map((file) => [file.sha256, file.path]));

  const differences: FileDifference[] = [];
  for (const file of found) {
    const old = before.get(file.path);
    const from = removed.get(file.sha256);
    if (old !== undefined && old.sha256 !== file.sha256) differences.push({ path: file.path, kind: 'changed' });
    if (old === undefined && from === undefined) differences.push({ path: file.path, kind: 'added' });
    if (old === undefined && from !== undefined) differences.push({ path: file.path, kind: 'renamed', from });
    if (old === undefined) removed.delete(file.sha256);
  }
  const renamed = new Set(differences.map(({ from }) => from));
  for (const { path } of expected) {
    if (!now.has(path) && !renamed.has(path)) differences.push({ path, kind: 'removed' });
  }
  return differences.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}
