import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { shown } from '../../errors/shown.ts';
import type { PackageFile } from './package-files.ts';
import { removeTree } from './remove-tree.ts';

/**
 * How to handle `__pycache__` folders, which Python creates next to the modules that it imports.
 *
 * Byte-code depends on the Python version, so that it is of no use in a package. `refuse` throws an error that names
 * one folder, `remove` deletes the folders, `keep` treats them like other files.
 */
export type ByteCodePolicy = 'keep' | 'refuse' | 'remove';

export const byteCodePolicies: readonly ByteCodePolicy[] = ['keep', 'refuse', 'remove'];

/**
 * Applies the policy, and returns the remaining files.
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
    throw new FidiusError(
      'FIDIUS_PACKAGE_BYTE_CODE',
      `Package ${dir} contains compiled Python code in ${shown(first)}`,
      {
        hint: 'Delete its `__pycache__` folders, or pass `byteCode: "remove"` to delete them.',
      },
    );
  }
  for (const folder of folders) await removeTree(join(dir, folder));
  return files.filter((file) => cacheFolderOf(file) === undefined);
}

/** The outermost `__pycache__` around a file. */
function cacheFolderOf({ path }: PackageFile): string | undefined {
  return /^(?:.*?\/)?__pycache__(?=\/)/s.exec(path)?.[0];
}
