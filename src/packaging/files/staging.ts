import { lstatSync, mkdirSync, readdirSync, realpathSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { lstat, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ioCode } from '../../errors/is-error.ts';
import { FolderHandle } from '../../files/folder-handle.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { wallClock } from '../../node/timers.ts';
import { crypto } from '../digest/crypto.ts';
import { isAlive, machine } from './process-identity.ts';
import { removeTree } from './remove-tree.ts';

/**
 * Creates folders and files atomically.
 *
 * New content is created in a private folder next to its destination and then renamed. A folder cannot be renamed over
 * a folder that is not empty, so the old folder is first moved into the private folder. If the process is killed
 * between these two steps, the next process that uses the same parent folder restores the old folder. If it is killed
 * earlier, the next process removes the incomplete content.
 *
 * The name alone is not sufficient, because any user can choose it. A private folder is recovered only if it is a
 * folder, belongs to this user, is inaccessible to other users, and contains a record with its own inode number, which
 * copies and unpacked archives cannot have. All other folders stay untouched.
 */
const stagingName = /^\.fidius-staging-[0-9a-f]{16}$/;
const stagingPrefix = '.fidius-staging-';
const recordName = 'record.json';
const maxRecordBytes = 4096;

/** The state of a process on another machine (shared disk) is unknown. Its folder counts as in use for this long. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/** A private folder for new content. Its creator removes it. */
export class Staging {
  readonly #folder: FolderHandle;
  #replaced = 0;

  private constructor(folder: FolderHandle) {
    this.#folder = folder;
  }

  /**
   * Creates a private folder in the existing folder `parent`, and recovers the folders of processes that were killed.
   */
  static async create(parent: string): Promise<Staging> {
    // Recovery is optional. Its failure does not prevent the operation.
    await recoverStaging(parent).catch(() => {});
    const path = join(parent, stagingPrefix + crypto().randomBytes(8).toString('hex'));
    mkdirSync(path, { mode: 0o700 });
    const folder = FolderHandle.open(path);
    try {
      requireOwn(folder);
      const staging = new Staging(folder);
      staging.#writeRecord(undefined);
      return staging;
    } catch (error) {
      folder.close();
      throw error;
    }
  }

  /** The path for the new content. It does not exist yet. */
  get path(): string {
    return this.#folder.at('new');
  }

  /** The same path in a form for messages and other processes. */
  get shownPath(): string {
    return join(this.#folder.path, 'new');
  }

  /** Another path in the private folder, for temporary content. */
  scratch(name: string): string {
    return this.#folder.at(`scratch-${name}`);
  }

  /**
   * Moves the new content to `target` in the parent folder, and replaces an existing folder.
   *
   * Several processes may do this at once. The last one wins, and `target` is always complete.
   *
   * @param mayReplace is called with the path of the old folder before the replacement. It throws to prevent it.
   */
  async replaceFolder(target: string, mayReplace: (old: string) => void = () => {}): Promise<void> {
    for (;;) {
      if (await this.placeNewFolder(target)) return;
      const old = lstatSync(target, { throwIfNoEntry: false });
      if (old === undefined) continue;
      if (!old.isDirectory()) throw notAFolder(target);
      try {
        mayReplace(target);
      } catch (error) {
        // Another process may have moved the folder away during the check. Its new folder is checked then.
        if (lstatSync(target, { throwIfNoEntry: false })?.ino !== old.ino) continue;
        throw error;
      }
      this.#writeRecord(basename(target));
      const replaced = this.#folder.at(`old-${(this.#replaced += 1)}`);
      // The folder is missing if another process is replacing it at the same time.
      if (!(await tryRename(target, replaced, ['ENOENT']))) continue;
      try {
        // The moved entry may differ from the entry that was checked.
        if (!(await lstat(replaced)).isDirectory()) throw notAFolder(target);
        mayReplace(replaced);
        if (await this.placeNewFolder(target)) return;
      } catch (error) {
        await tryRename(replaced, target, ['ENOTEMPTY', 'EEXIST']);
        throw error;
      }
      // Another process was faster. The folder that was moved away is older than the new one.
    }
  }

  /** Moves the new content to `target` unless `target` exists. Returns whether it moved. */
  async placeNewFolder(target: string): Promise<boolean> {
    return tryRename(this.path, target, ['ENOTEMPTY', 'EEXIST']);
  }

  /** Moves the new file to `target`, and replaces an existing file. */
  async placeFile(target: string): Promise<void> {
    await rename(this.path, target);
  }

  /** Removes the private folder and its remaining contents. */
  async remove(): Promise<void> {
    try {
      for (const name of readdirSync(this.#folder.at())) await removeTree(this.#folder.at(name));
      removeEmpty(this.#folder);
    } finally {
      this.#folder.close();
    }
  }

  #writeRecord(replaces: string | undefined): void {
    const record: StagingRecord = {
      format: 1,
      machine: machine(),
      process: process.pid,
      folder: String(this.#folder.status.ino),
      ...(replaces !== undefined && { replaces }),
    };
    writeFileSync(this.#folder.at(recordName), JSON.stringify(record), { mode: 0o600 });
  }
}

/**
 * Creates a staging for content of a package. It is next to the package, so that incomplete content is never part of
 * the package. If the parent folder cannot be used (read-only, or another file system), it is in the package itself.
 */
export async function createStagingNextTo(dir: string): Promise<Staging> {
  const parent = dirname(realpathSync(dir));
  try {
    if (lstatSync(parent).dev === statSync(dir).dev) return await Staging.create(parent);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(ioCode(error) ?? '')) throw error;
  }
  return Staging.create(dir);
}

/** Finishes what {@link createStagingNextTo} began in a process that was killed. Errors are ignored. */
export async function recoverNextTo(dir: string): Promise<void> {
  await recoverStaging(dirname(realpathSync(dir))).catch(() => {});
}

/** Whether a path in a package belongs to the staging of a killed process. */
export function isLeftover(path: string): boolean {
  return stagingName.test(path.split('/', 1)[0] ?? '');
}

/** The record of a process in its private folder. */
interface StagingRecord {
  readonly format: 1;
  readonly machine: string;
  readonly process: number;
  /** Number of the private folder itself, in decimal digits. */
  readonly folder: string;
  /** Name of the folder that is being replaced. */
  readonly replaces?: string;
}

/** Recovers the private folders in `parent` of processes of this user that no longer exist. */
export async function recoverStaging(parent: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    if (!stagingName.test(name)) continue;
    const folder = openOwn(join(parent, name));
    if (folder === undefined) continue;
    try {
      const record = readRecord(folder);
      if (record === undefined || isInUse(record, folder)) continue;
      if (record.replaces !== undefined) await putBack(folder, join(parent, record.replaces));
      for (const entry of readdirSync(folder.at())) await removeTree(folder.at(entry));
      removeEmpty(folder);
    } finally {
      folder.close();
    }
  }
}

/** The folder, if it belongs to this user alone. */
function openOwn(path: string): FolderHandle | undefined {
  let folder: FolderHandle;
  try {
    folder = FolderHandle.open(path);
  } catch {
    return undefined;
  }
  const { uid, mode } = folder.status;
  if (isThisUser(uid) && (mode & 0o777) === 0o700) return folder;
  folder.close();
  return undefined;
}

function isThisUser(uid: number): boolean {
  return process.getuid === undefined || uid === process.getuid();
}

/** The folder was just created, but another user may have replaced it. */
function requireOwn(folder: FolderHandle): void {
  const { uid } = folder.status;
  // Some shared disks report root as the owner of everything. Root has full access in any case.
  if (isThisUser(uid) || uid === 0) return;
  throw Object.assign(new Error(`EPERM: ${folder.path} was replaced by user ${uid} while it was created`), {
    code: 'EPERM',
  });
}

/** `undefined` unless the record belongs to this folder. */
function readRecord(folder: FolderHandle): StagingRecord | undefined {
  try {
    const text = readForeignFile(folder.at(recordName), { links: 'refuse', maxBytes: maxRecordBytes }).toString();
    const record: StagingRecord = JSON.parse(text);
    const isSound =
      record.format === 1 &&
      typeof record.machine === 'string' &&
      Number.isInteger(record.process) &&
      record.process > 0 &&
      record.folder === String(folder.status.ino) &&
      (record.replaces === undefined || isPlainName(record.replaces));
    return isSound ? record : undefined;
  } catch {
    return undefined;
  }
}

function isPlainName(name: unknown): boolean {
  return typeof name === 'string' && /^[^/\\\0]+$/.test(name) && name !== '.' && name !== '..';
}

/** Restores the replaced folder if there is one and the target does not exist. */
async function putBack(folder: FolderHandle, target: string): Promise<void> {
  const names = readdirSync(folder.at()).filter((name) => /^old-\d+$/.test(name));
  for (const name of names.sort((a, b) => Number(b.slice(4)) - Number(a.slice(4)))) {
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) return;
    if (!lstatSync(folder.at(name)).isDirectory()) continue;
    if (await tryRename(folder.at(name), target, ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'ENOENT'])) return;
  }
}

function removeEmpty(folder: FolderHandle): void {
  try {
    rmdirSync(folder.path);
  } catch (error) {
    if (ioCode(error) !== 'ENOENT') throw error;
  }
}

function isInUse(record: StagingRecord, { status }: FolderHandle): boolean {
  if (record.machine === machine()) return isAlive(record.process);
  return wallClock() - status.mtimeMs < abandonedAfterMs;
}

function notAFolder(path: string): Error {
  return Object.assign(new Error(`ENOTDIR: not a directory, replace '${path}'`), { code: 'ENOTDIR' });
}

/** False when the rename failed for one of the expected reasons. */
async function tryRename(from: string, to: string, expected: readonly string[]): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (expected.includes(ioCode(error) ?? '')) return false;
    throw error;
  }
}
