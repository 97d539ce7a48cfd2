import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { ioHint } from '../../errors/io-hint.ts';
import { ioCode, messageOf } from '../../errors/is-error.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';

/** The file that makes a folder a package. */
export const manifestFileName = 'package.toml';

// A manifest is written by hand and read by every host that finds the package; honest ones have a few kilobytes.
const maxManifestBytes = 64 * 1024;

/**
 * The text of the manifest in `dir`.
 *
 * @throws FidiusError `FIDIUS_MANIFEST_NOT_FOUND`, `FIDIUS_MANIFEST_UNREADABLE`.
 */
export function readManifestText(dir: string): string {
  const path = join(dir, manifestFileName);
  try {
    return decodeManifest(path, readForeignFile(path, { links: 'follow', maxBytes: maxManifestBytes }));
  } catch (cause) {
    if (isFidiusError(cause)) throw cause;
    if (ioCode(cause) !== 'ENOENT' && ioCode(cause) !== 'ENOTDIR') throw unreadable(path, messageOf(cause), cause);
    throw new FidiusError('FIDIUS_MANIFEST_NOT_FOUND', `No ${manifestFileName} in ${dir}`, {
      cause,
      hint: `Pass the folder of the package, which contains ${manifestFileName}.`,
    });
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
  return new FidiusError('FIDIUS_MANIFEST_UNREADABLE', `Cannot read ${origin}: ${reason}`, {
    cause,
    hint: ioCode(cause) === undefined ? 'Save it as UTF-8 text.' : ioHint(cause),
  });
}

/**
 * Rejects a folder that does not exist or does not contain `package.toml`.
 *
 * @param doing the verb for the message, such as `sign`.
 * @throws FidiusError `FIDIUS_MANIFEST_NOT_FOUND`
 */
export async function requireManifest(dir: string, doing: string): Promise<void> {
  await stat(join(dir, manifestFileName)).catch((cause: unknown) => {
    throw new FidiusError('FIDIUS_MANIFEST_NOT_FOUND', `Cannot ${doing} ${dir}: no ${manifestFileName} in it`, {
      cause,
      hint: 'Pass the folder of the package.',
    });
  });
}
