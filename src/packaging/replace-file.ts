import { fsync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { recoverStaging, stagingPath } from './staging.ts';

/** Not the method of the handle: under Yarn Plug'n'Play that throws "Method not implemented". */
const sync = promisify(fsync);

/**
 * Makes a file whole or not at all: it is written under a temporary name in the same folder, then moved into place.
 *
 * A file of the name is replaced. After a crash the old content is there, or the new one, never half of it; what was half
 * written is cleared away by the next one to work in the same folder.
 */
export async function replaceFile<T>(
  path: string,
  write: (handle: FileHandle) => Promise<T>,
  options: { readonly mode?: number } = {},
): Promise<T> {
  const folder = dirname(path);
  // Tidying up is a favour: what keeps it from being done says more when it keeps the file from being written.
  await recoverStaging(folder).catch(() => {});
  const temporary = stagingPath(folder);
  try {
    const result = await writeNew(temporary, options.mode ?? 0o666, write);
    await rename(temporary, path);
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeNew<T>(path: string, mode: number, write: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, 'wx', mode);
  try {
    const result = await write(handle);
    // Without this the new name may outlive a power failure that the content does not.
    await sync(handle.fd);
    return result;
  } finally {
    await handle.close();
  }
}
