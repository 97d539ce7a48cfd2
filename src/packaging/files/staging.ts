import { lstatSync, mkdirSync, readdirSync, realpathSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { lstat, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ioCode } from '../../errors/is-error.ts';
import { FolderHandle } from '../../files/folder-handle.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { wallClock } from '../../node/timers.ts';
import { crypto } from '../digest/crypto.ts';
import { removeTree } from './remove-tree.ts';

/**
 * Folders, and files, that appear whole or not at all.
 *
 * What is being made lies in a private folder in the folder where it will stand, and is renamed. No system renames a folder
 * over one that is not empty, so an old one is first moved into the private folder. Should the process be killed between these
 * two steps, the next process that works in the same place puts the old folder back; should it be killed earlier, the next one
 * removes what was half made.
 *
 * A name proves nothing: anybody can choose one. A private folder counts as left behind by this user only if it is a folder,
 * belongs to this user, is closed to everybody else, and holds a record that names the number (inode) of this very folder,
 * which no copy and no unpacked archive has. Everything else is left alone.
 */
const stagingName = /^\.fidius-staging-[0-9a-f]{16}$/;
const stagingPrefix = '.fidius-staging-';
const recordName = 'record.json';
const maxRecordBytes = 4096;

/** Processes of other machines, on a shared disk, cannot be asked whether they live; this long they are believed to. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

let knownMachine: string | undefined;

/** A private folder in which something is made. Its creator removes it. */
export class Staging {
  readonly #folder: FolderHandle;
  #replaced = 0;

  private constructor(folder: FolderHandle) {
    this.#folder = folder;
  }

  /** Makes a private folder in `parent`, which exists; and clears up after processes that were killed. */
  static async create(parent: string): Promise<Staging> {
    // Tidying up is a favour: its failure does not prevent the work.
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

  /** Where to make it: a name that does not exist yet. */
  get path(): string {
    return this.#folder.at('new');
  }

  /** The same in a form that means something in a message, or to another process. */
  get shownPath(): string {
    return join(this.#folder.path, 'new');
  }

  /** Another name in the private folder, for what is not placed. */
  scratch(name: string): string {
    return this.#folder.at(`scratch-${name}`);
  }

  /**
   * Moves what was made to `target`, a name in the folder that the staging lies in, and replaces the folder that is there.
   *
   * Two processes may do this at once: the last one wins, and what stands at `target` is always whole.
   *
   * @param mayReplace is asked, with the path of the old folder, before it is replaced; throws when it must not be.
   */
  async replaceFolder(target: string, mayReplace: (old: string) => void = () => {}): Promise<void> {
    for (;;) {
      if (await this.placeNewFolder(target)) return;
      if (lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === true) mayReplace(target);
      else if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) throw notAFolder(target);
      this.#writeRecord(basename(target));
      const replaced = this.#folder.at(`old-${(this.#replaced += 1)}`);
      // Gone already: another process is replacing it, too.
      if (!(await tryRename(target, replaced, ['ENOENT']))) continue;
      try {
        // What was moved may be something else than what was looked at.
        if (!(await lstat(replaced)).isDirectory()) throw notAFolder(target);
        mayReplace(replaced);
        if (await this.placeNewFolder(target)) return;
      } catch (error) {
        await tryRename(replaced, target, ['ENOTEMPTY', 'EEXIST']);
        throw error;
      }
      // Another process was faster; what was moved away is older than theirs.
    }
  }

  /** Moves what was made to `target` unless something is there, which then stays. Returns whether it moved. */
  async placeNewFolder(target: string): Promise<boolean> {
    return tryRename(this.path, target, ['ENOTEMPTY', 'EEXIST']);
  }

  /** Moves a file that was made to `target`, and replaces the file that is there. */
  async placeFile(target: string): Promise<void> {
    await rename(this.path, target);
  }

  /** Removes the private folder with what is left in it. */
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
 * Makes a staging for what goes into the folder of a package: beside that folder, so that nothing that is half made is ever
 * part of the package. Where the folder around it cannot be used (read-only, or another disk), in the package itself.
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

/** Finishes what {@link createStagingNextTo} began in a process that was killed. What cannot be tidied up is left. */
export async function recoverNextTo(dir: string): Promise<void> {
  await recoverStaging(dirname(realpathSync(dir))).catch(() => {});
}

/** Whether a path in a package is what a killed process left there. */
export function isLeftover(path: string): boolean {
  return stagingName.test(path.split('/', 1)[0] ?? '');
}

/** What a process says of its private folder. */
interface StagingRecord {
  readonly format: 1;
  readonly machine: string;
  readonly process: number;
  /** Number of the private folder itself, in decimal digits. */
  readonly folder: string;
  /** Name of the folder that is being replaced. */
  readonly replaces?: string;
}

/** Finishes or clears away what processes of this user that no longer live left in `parent`. */
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

/** The folder was made a moment ago; another user may have put one of theirs in its place. */
function requireOwn(folder: FolderHandle): void {
  const { uid } = folder.status;
  // Some shared disks say that everything belongs to root, which could do all of this anyway.
  if (isThisUser(uid) || uid === 0) return;
  throw Object.assign(new Error(`EPERM: ${folder.path} was replaced by user ${uid} while it was made`), {
    code: 'EPERM',
  });
}

/** Nothing unless the record is about this very folder. */
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

/** Puts the replaced folder back, if there is one and nothing took its place. */
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but alive.
    return ioCode(error) === 'EPERM';
  }
}

/** Not when the module is loaded: the first hash of a process takes several milliseconds. */
function machine(): string {
  knownMachine ??= crypto().createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  return knownMachine;
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
