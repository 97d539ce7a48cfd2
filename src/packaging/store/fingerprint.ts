import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PackageDigest } from '../digest/package-digest.ts';
import { CooperativeYield } from '../files/cooperative-yield.ts';
import { type PackageFile, sortByPath, uncoveredPart } from '../files/package-files.ts';
import { readFiles } from '../files/read-files.ts';

/** Mode of every file and every folder of a stored package. There is only one, because the digest does not cover modes. */
const storedMode = 0o555;

/**
 * The status of a folder and of everything below it, as one text.
 *
 * It contains the time of the last status change. Only the system sets this time: it changes when a file is written, replaced
 * or given another mode, and cannot be restored. A tree with the same fingerprint is therefore the same tree. No content is read.
 */
export async function fingerprintTree(dir: string, signal?: AbortSignal): Promise<string> {
  const lines: string[] = [];
  await walk(
    dir,
    (path) => {
      const { mode, uid, ino, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
      // The mode has the kind in it: file, folder, link.
      lines.push(
        `${JSON.stringify(path.slice(dir.length))} ${mode.toString(8)} ${uid} ${ino} ${size} ${mtimeNs} ${ctimeNs}`,
      );
    },
    signal,
  );
  return `${lines.join('\n')}\n`;
}

/** Removes write permission from every folder below `dir`, but not from `dir`, which is still to be moved. */
export async function makeFoldersReadOnly(dir: string): Promise<void> {
  const yielding = new CooperativeYield();
  const protectBelow = async (folder: string): Promise<void> => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const path = join(folder, entry.name);
      await protectBelow(path);
      chmodSync(path, storedMode);
      if (yielding.isDue) await yielding.pause();
    }
  };
  await protectBelow(dir);
}

/** Removes write permission from the folder itself, once it is in its place. */
export function makeReadOnly(dir: string): void {
  chmodSync(dir, storedMode);
}

/** Restores write permission, so that the folder can be moved. */
export function makeWritable(dir: string): void {
  chmodSync(dir, 0o755);
}

/**
 * Whether a folder is the stored form of a package: its files add up to the digest, and there is nothing else, no other mode,
 * no empty folder, no link.
 */
export async function isStoredForm(dir: string, digest: Buffer, signal?: AbortSignal): Promise<boolean> {
  const files: PackageFile[] = [];
  const filled = new Set<string>();
  let isSound = true;
  await walk(
    dir,
    (real, isFolder) => {
      const { mode, uid } = lstatSync(real);
      const path = real.slice(dir.length + 1);
      const parts = path.split('/');
      isSound &&= (mode & 0o7777) === storedMode && isThisUser(uid);
      if (isFolder) isSound &&= filled.has(real);
      else {
        isSound &&= lstatSync(real).isFile() && uncoveredPart(parts) === undefined;
        files.push({ path, source: real, real });
      }
      filled.add(join(real, '..'));
    },
    signal,
  );
  return isSound && (await digestOf(sortByPath(files), signal)).equals(digest);
}

async function digestOf(files: readonly PackageFile[], signal: AbortSignal | undefined): Promise<Buffer> {
  const digest = new PackageDigest();
  for await (const file of readFiles(files, signal)) {
    digest.beginFile(file.path, file.bytes);
    for await (const piece of file.content) digest.update(piece);
  }
  return digest.finish();
}

function isThisUser(uid: number): boolean {
  return process.getuid === undefined || uid === process.getuid();
}

/** Visits what is in a folder before the folder, in order of names; the outermost folder last. */
async function walk(
  dir: string,
  visit: (path: string, isFolder: boolean) => void,
  signal?: AbortSignal,
): Promise<void> {
  const yielding = new CooperativeYield(signal);
  const enter = async (folder: string): Promise<void> => {
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await enter(path);
      else visit(path, false);
      if (yielding.isDue) await yielding.pause();
    }
    visit(folder, true);
  };
  await enter(dir);
}
