import { fchmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ioCode } from '../../errors/is-error.ts';
import { FolderHandle, hasDescriptorPaths } from '../../files/folder-handle.ts';
import { CooperativeYield } from './cooperative-yield.ts';

/**
 * Removes a file, or a folder with everything in it, also where its parts are read-only. What is not there is removed already.
 *
 * Links are removed, never followed, and each folder is held open while it is emptied: a user who exchanges a folder for a
 * link meanwhile cannot make this process remove files elsewhere.
 */
export async function removeTree(path: string): Promise<void> {
  if (!hasDescriptorPaths()) return removeByPath(path);
  await removeEntry(path, new CooperativeYield());
}

async function removeEntry(path: string, yielding: CooperativeYield): Promise<void> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (!status.isDirectory()) {
    unlinkUnlessGone(path);
    return;
  }
  await emptyFolder(path, yielding);
  try {
    rmdirSync(path);
  } catch (error) {
    if (ioCode(error) !== 'ENOENT') throw error;
  }
}

async function emptyFolder(path: string, yielding: CooperativeYield): Promise<void> {
  const folder = FolderHandle.open(path);
  try {
    if (folder.descriptor !== undefined && (folder.status.mode & 0o700) !== 0o700) fchmodSync(folder.descriptor, 0o700);
    for (const name of readdirSync(folder.at(), { encoding: 'buffer' })) {
      // Names are bytes; one that is not UTF-8 could not be found again by its text.
      const entry = Buffer.concat([Buffer.from(`${folder.at()}/`), name]);
      if (lstatSync(entry, { throwIfNoEntry: false })?.isDirectory() === true) {
        await removeEntry(folder.at(name.toString()), yielding);
      } else unlinkUnlessGone(entry);
      if (yielding.isDue) await yielding.pause();
    }
  } finally {
    folder.close();
  }
}

function unlinkUnlessGone(path: string | Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (ioCode(error) !== 'ENOENT') throw error;
  }
}

/** Where a folder cannot be addressed by its descriptor. */
async function removeByPath(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (ioCode(error) !== 'EACCES' && ioCode(error) !== 'EPERM') throw error;
    await makeWritable(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}
