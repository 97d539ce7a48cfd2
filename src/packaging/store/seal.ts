import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TimeSlice } from '../time-slice.ts';

/**
 * What the system says of every file and folder below `dir`, in one text.
 *
 * The time of the last change of status is part of it. Nobody but the system sets that: a file that was written to, replaced
 * or given other permissions cannot have its old one back. So a tree with the same fingerprint is the same tree, without
 * reading any of it.
 */
export async function fingerprintTree(dir: string): Promise<string> {
  const lines: string[] = [];
  await walk(dir, (path, isFolder) => {
    const { ino, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
    // What a folder contains is told by what is in it; its own times change when it is moved.
    lines.push(
      `${JSON.stringify(path.slice(dir.length))} ${isFolder ? 'folder' : `${ino} ${size} ${mtimeNs} ${ctimeNs}`}`,
    );
  });
  return `${lines.join('\n')}\n`;
}

/** Takes the right to write from everything below `dir`; the folder itself can still be moved. */
export async function sealTree(dir: string): Promise<void> {
  await walk(dir, (path, isFolder) => {
    const isExecutable = isFolder || (lstatSync(path).mode & 0o100) !== 0;
    chmodSync(path, isExecutable ? 0o555 : 0o444);
  });
}

/** Visits contents before the folder that they are in, in order of their names. */
async function walk(dir: string, visit: (path: string, isFolder: boolean) => void): Promise<void> {
  const slice = new TimeSlice();
  const enter = async (folder: string): Promise<void> => {
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await enter(path);
      visit(path, entry.isDirectory());
      if (slice.isOver) await slice.rest();
    }
  };
  await enter(dir);
}
