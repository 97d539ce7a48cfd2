import { fsync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Staging } from './staging.ts';

/**
 * Writes a file atomically: it is written in a private folder next to its destination, then renamed.
 *
 * An existing file is replaced. After a crash the file has either the old or the new content. The next process that
 * writes to the same folder removes incomplete files.
 */
export async function replaceFile<T>(
  path: string,
  write: (handle: FileHandle) => Promise<T>,
  options: {
    readonly mode?: number;
    /** Creates the private folder elsewhere on the same file system. Default: in the folder of the file. */
    readonly createStaging?: () => Promise<Staging>;
  } = {},
): Promise<T> {
  const { mode = 0o666, createStaging = () => Staging.create(dirname(path)) } = options;
  const staging = await createStaging();
  try {
    const result = await writeNew(staging.path, mode, write);
    await staging.placeFile(path);
    return result;
  } finally {
    await staging.remove();
  }
}

async function writeNew<T>(path: string, mode: number, write: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, 'wx', mode);
  try {
    const result = await write(handle);
    // Without this, the name could survive a power failure while the content is lost.
    await sync(handle);
    return result;
  } finally {
    await handle.close();
  }
}

/** The handles of Yarn Plug'n'Play lack `sync()`. Node.js 26 with `--permission` has neither that nor `fsync()`. */
async function sync(handle: FileHandle): Promise<void> {
  try {
    if (process.versions['pnp'] === undefined) await handle.sync();
    else await promisify(fsync)(handle.fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw error;
  }
}
