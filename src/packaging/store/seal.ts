import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { uncoveredPart } from '../coverage.ts';
import { PackageDigest } from '../digest.ts';
import { type PackageFile, sortByPath } from '../package-files.ts';
import { readFiles } from '../read-files.ts';
import { TimeSlice } from '../time-slice.ts';

/** What every file and every folder of a stored package may be used for. The digest covers no modes, so there is only one. */
const sealedMode = 0o555;

/**
 * What the system says of a folder and of everything below it, in one text.
 *
 * The time of the last change of status is part of it. Only the system sets that: a file that was written to, replaced or given
 * other permissions cannot have its old one back. So a tree with the same fingerprint is the same tree, without reading any of
 * it.
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

/** Takes the right to write from every folder below `dir`. The folder itself can still be moved; its files were made so. */
export async function sealFolders(dir: string): Promise<void> {
  await walk(dir, (path, isFolder) => {
    if (isFolder && path !== dir) chmodSync(path, sealedMode);
  });
}

/** Takes the right to write from the folder itself, once it is in its place. */
export function sealTop(dir: string): void {
  chmodSync(dir, sealedMode);
}

/** Gives it back, so that the folder can be moved. */
export function unsealTop(dir: string): void {
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
      isSound &&= (mode & 0o7777) === sealedMode && isThisUser(uid);
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
  const slice = new TimeSlice(signal);
  const enter = async (folder: string): Promise<void> => {
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await enter(path);
      else visit(path, false);
      if (slice.isOver) await slice.rest();
    }
    visit(folder, true);
  };
  await enter(dir);
}
