import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FidiusError, isFidiusError } from '../errors/fidius-error.ts';
import { messageOf } from '../errors/is-error.ts';
import { ioCode } from './io-error.ts';

/** The file that makes a folder a package. */
export const manifestFileName = 'package.toml';

// A manifest is written by hand; the limit keeps a hostile one from filling memory.
const maxManifestBytes = 16 * 1024 * 1024;

/**
 * The text of the manifest in `dir`.
 *
 * @throws FidiusError `FIDIUS_MANIFEST_NOT_FOUND`, `FIDIUS_MANIFEST_UNREADABLE`.
 */
export function readManifestText(dir: string): string {
  const path = join(dir, manifestFileName);
  let file: number | undefined;
  try {
    // Non-blocking, so that a pipe of this name does not stop the process.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const status = fstatSync(file);
    if (!status.isFile()) throw unreadable(path, status.isDirectory() ? 'it is a folder' : 'it is no regular file');
    checkManifestSize(path, status.size);
    return decodeManifest(path, readFileSync(file));
  } catch (cause) {
    if (isFidiusError(cause)) throw cause;
    if (ioCode(cause) !== 'ENOENT' && ioCode(cause) !== 'ENOTDIR') throw unreadable(path, messageOf(cause), cause);
    throw new FidiusError('FIDIUS_MANIFEST_NOT_FOUND', `No ${manifestFileName} in ${dir}`, {
      cause,
      hint: `Give the folder of the package itself: the one that holds ${manifestFileName}.`,
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** @throws FidiusError `FIDIUS_MANIFEST_UNREADABLE`. */
export function checkManifestSize(origin: string, size: number): void {
  if (size > maxManifestBytes) throw unreadable(origin, `it has ${size} bytes, the limit is ${maxManifestBytes}`);
}

/** @throws FidiusError `FIDIUS_MANIFEST_UNREADABLE`. */
export function decodeManifest(origin: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(origin, 'it is not UTF-8 text', cause);
  }
}

function unreadable(origin: string, reason: string, cause?: unknown): FidiusError {
  return new FidiusError('FIDIUS_MANIFEST_UNREADABLE', `Cannot read ${origin}: ${reason}`, { cause });
}
