import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FidiusError } from '../errors/fidius-error.ts';

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
    if (!status.isFile()) throw new Error(status.isDirectory() ? 'it is a folder' : 'it is no regular file');
    if (status.size > maxManifestBytes)
      throw new Error(`it has ${status.size} bytes, the limit is ${maxManifestBytes}`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    throw explainReadFailure(dir, path, cause);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function explainReadFailure(dir: string, path: string, cause: unknown): FidiusError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new FidiusError('FIDIUS_MANIFEST_NOT_FOUND', `No ${manifestFileName} in ${dir}`, {
      cause,
      hint: `Give the folder of the package itself: the one that holds ${manifestFileName}.`,
    });
  }
  const reason =
    cause instanceof TypeError ? 'it is not UTF-8 text' : cause instanceof Error ? cause.message : String(cause);
  return new FidiusError('FIDIUS_MANIFEST_UNREADABLE', `Cannot read ${path}: ${reason}`, { cause });
}
