import { fchmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ioCode } from '../../errors/is-error.ts';
import { FolderHandle, hasDescriptorPaths } from '../../files/folder-handle.ts';
import { CooperativeYield } from './cooperative-yield.ts';

/**
 * Removes a file, or a folder with its contents, even if parts are read-only. A missing path is not an error.
 *
 * Links are removed and never followed. Each folder stays open while it is emptied, so that a user who replaces a
 * folder by a link cannot make this process remove files elsewhere.
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
      // Names are bytes. A name that is not valid UTF-8 cannot be addressed as text.
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

/** Fallback for systems on which a folder cannot be addressed by its descriptor. */
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
