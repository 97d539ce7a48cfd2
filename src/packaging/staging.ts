import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { wallClock } from '../node/timers.ts';
import { crypto } from './crypto.ts';
import { ioCode } from './io-error.ts';

/**
 * Folders, and files, that appear whole or not at all.
 *
 * A folder is built under a hidden name beside the place where it will stand, then renamed. No system renames a folder over
 * one that is not empty, so an old one is first renamed out of the way. Should the process be killed between these two steps,
 * the next one to work in the same place puts the old folder back; should it be killed earlier, the next one clears what was
 * half built away.
 */
const stagingPrefix = '.fidius-new-';
const replacedPrefix = '.fidius-old-';

/** Processes of other machines, on a shared disk, cannot be asked whether they live; this long they are believed to. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

let knownMachine: string | undefined;

/** Creates a folder to build in, below `parent`, which is created too; clears up after processes that were killed. */
export async function createStaging(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  await recoverStaging(parent);
  const staging = stagingPath(parent);
  await mkdir(staging, { mode: 0o700 });
  return staging;
}

/** A name below `parent` that nobody has, under which something can be built; {@link recoverStaging} knows it. */
export function stagingPath(parent: string): string {
  return join(parent, `${stagingPrefix}${owner()}`);
}

/**
 * Moves `built` to `target`, replacing what is there.
 *
 * Two processes may do this at once: the last one wins, and what stands at `target` is always whole.
 */
export async function placeFolder(built: string, target: string): Promise<void> {
  for (;;) {
    if (await tryRename(built, target, ['ENOTEMPTY', 'EEXIST'])) return;
    const replaced = join(dirname(target), `${replacedPrefix}${owner()}-${basename(target)}`);
    // Gone already: somebody else is replacing it, too.
    if (!(await tryRename(target, replaced, ['ENOENT']))) continue;
    try {
      if (await tryRename(built, target, ['ENOTEMPTY', 'EEXIST'])) {
        await removeTree(replaced);
        return;
      }
    } catch (error) {
      await tryRename(replaced, target, ['ENOTEMPTY', 'EEXIST']);
      throw error;
    }
    // Somebody else was faster; what we moved away is older than theirs.
    await removeTree(replaced);
  }
}

/** Moves `built` to `target` unless something is there, which then stays. Returns whether it moved. */
export async function placeNewFolder(built: string, target: string): Promise<boolean> {
  return tryRename(built, target, ['ENOTEMPTY', 'EEXIST']);
}

/** Finishes or clears away what processes that no longer live left in `parent`. */
export async function recoverStaging(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, prefix, id = '', target] = /^(\.fidius-(?:new|old)-)(\w+-\d+-\w+)(?:-(.+))?$/s.exec(name) ?? [];
    if (prefix === undefined || (await isInUse(join(parent, name), id))) continue;
    if (prefix === replacedPrefix && target !== undefined) {
      if (await tryRename(join(parent, name), join(parent, target), ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'ENOENT']))
        continue;
    }
    await removeTree(join(parent, name));
  }
}

/** Removes a folder with everything in it, also where its parts are read-only. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (ioCode(error) !== 'EACCES' && ioCode(error) !== 'EPERM') throw error;
    await makeWritable(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function isInUse(path: string, id: string): Promise<boolean> {
  const [itsMachine, itsProcess] = id.split('-');
  if (itsMachine === machine()) return isAlive(Number(itsProcess));
  const status = await stat(path).catch(() => undefined);
  return status !== undefined && wallClock() - status.mtimeMs < abandonedAfterMs;
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

/** Names of machine, process and moment. */
function owner(): string {
  return `${machine()}-${process.pid}-${crypto().randomBytes(6).toString('hex')}`;
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

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}
