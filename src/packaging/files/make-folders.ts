import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ioCode } from '../../errors/is-error.ts';

/**
 * Creates a folder and the folders above it that are missing.
 *
 * `mkdir()` of Node.js 20 with `recursive` never ends below `/proc`, where a folder exists in which none can be created: it
 * tries the folder and the one above it in turn (https://github.com/nodejs/node/issues/31481).
 *
 * @returns the topmost folder that was created; `undefined` if all exist.
 */
export function makeFolders(path: string, mode?: number): string | undefined {
  if (makeFolder(path, mode)) return path;
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return undefined;
  const above = dirname(path);
  const made = above === path ? undefined : makeFolders(above, mode);
  // The folder above exists now. A failure is final.
  mkdirUnlessThere(path, mode);
  return made ?? path;
}

/** False if the folder above is missing, or there is something of this name. */
function makeFolder(path: string, mode: number | undefined): boolean {
  try {
    mkdirSync(path, { mode });
    return true;
  } catch (error) {
    if (['ENOENT', 'EEXIST'].includes(ioCode(error) ?? '')) return false;
    // Some file systems report a folder that exists as read-only or forbidden.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return false;
    throw error;
  }
}

function mkdirUnlessThere(path: string, mode: number | undefined): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process created it in the meantime.
    const isThere = ioCode(error) === 'EEXIST' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isThere) throw error;
  }
}
