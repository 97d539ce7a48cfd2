import { fsync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Staging } from './staging.ts';

/**
 * Makes a file whole or not at all: it is written in a private folder beside its place, then moved there.
 *
 * A file of the name is replaced. After a crash the old content is there, or the new one, never half of it; what was half
 * written is cleared away by the next one to work in the same folder.
 */
export async function replaceFile<T>(
  path: string,
  write: (handle: FileHandle) => Promise<T>,
  options: {
    readonly mode?: number;
    /** Makes the private folder elsewhere on the same disk. Default: in the folder of the file. */
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
    // Without this the new name may outlive a power failure that the content does not.
    await sync(handle);
    return result;
  } finally {
    await handle.close();
  }
}

/** The handles of Yarn Plug'n'Play lack `sync()`, and a process with `--permission` may not use `fsync()`. */
async function sync(handle: FileHandle): Promise<void> {
  if (process.versions['pnp'] === undefined) await handle.sync();
  else await promisify(fsync)(handle.fd);
}
