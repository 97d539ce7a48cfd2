import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { shown } from '../../errors/shown.ts';
import type { PackageFile } from './package-files.ts';
import { removeTree } from './remove-tree.ts';

/**
 * What to do about `__pycache__` folders, which Python leaves beside every module it imported.
 *
 * They belong to one Python version and one moment: shipped and signed, they are dead weight at best. `refuse` is an error
 * that names one, `remove` deletes the folders, `keep` takes them for files like any other.
 */
export type ByteCodePolicy = 'keep' | 'refuse' | 'remove';

export const byteCodePolicies: readonly ByteCodePolicy[] = ['keep', 'refuse', 'remove'];

/**
 * Applies the policy, and returns the files that are left.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_BYTE_CODE`
 */
export async function applyByteCodePolicy(
  dir: string,
  files: readonly PackageFile[],
  policy: ByteCodePolicy,
): Promise<readonly PackageFile[]> {
  const folders = new Set(files.map(cacheFolderOf).filter((folder) => folder !== undefined));
  const [first] = folders;
  if (policy === 'keep' || first === undefined) return files;
  if (policy === 'refuse') {
    throw new FidiusError('FIDIUS_PACKAGE_BYTE_CODE', `Package ${dir} holds compiled Python code in ${shown(first)}`, {
      hint: 'Delete its `__pycache__` folders, or pass `byteCode: "remove"` to have that done.',
    });
  }
  for (const folder of folders) await removeTree(join(dir, folder));
  return files.filter((file) => cacheFolderOf(file) === undefined);
}

/** The outermost `__pycache__` around a file. */
function cacheFolderOf({ path }: PackageFile): string | undefined {
  return /^(?:.*?\/)?__pycache__(?=\/)/s.exec(path)?.[0];
}
