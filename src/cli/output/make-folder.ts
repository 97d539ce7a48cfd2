import { existsSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';

/**
 * Creates the folder of an output file, if it is missing, for the time of the work that writes the file. If the work fails, the
 * folders are removed again.
 *
 * @throws FidiusError `FIDIUS_CLI_OUTPUT`; and the errors of `work`.
 */
export async function inFolderOf<T>(file: string, work: () => Promise<T>): Promise<T> {
  const folder = dirname(file);
  const made = existsSync(folder) ? undefined : await makeFolder(folder);
  try {
    return await work();
  } catch (error) {
    if (made !== undefined) removeEmpty(folder, made);
    throw error;
  }
}

async function makeFolder(folder: string): Promise<string | undefined> {
  const { makeFolders } = await import('../../packaging/files/make-folders.ts');
  try {
    return makeFolders(folder);
  } catch (cause) {
    throw new FidiusError('FIDIUS_CLI_OUTPUT', `Cannot create the folder ${folder}: ${messageOf(cause)}`, { cause });
  }
}

/** Removes a folder and those above it, up to `top`, as far as they are empty. */
function removeEmpty(folder: string, top: string): void {
  try {
    for (let path = folder; ; path = dirname(path)) {
      rmdirSync(path);
      if (path === top) return;
    }
  } catch {
    // It has other content now.
  }
}
