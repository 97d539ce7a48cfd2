import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FidiusError } from '../errors/fidius-error.ts';
import { manifestFileName } from './manifest-text.ts';

/**
 * Refuses a folder that holds no `package.toml`, or is not there at all.
 *
 * @param doing what cannot be done to it, such as `sign`.
 * @throws FidiusError `FIDIUS_MANIFEST_NOT_FOUND`
 */
export async function requireManifest(dir: string, doing: string): Promise<void> {
  await stat(join(dir, manifestFileName)).catch((cause: unknown) => {
    throw new FidiusError('FIDIUS_MANIFEST_NOT_FOUND', `Cannot ${doing} ${dir}: no ${manifestFileName} in it`, {
      cause,
      hint: 'Give the folder of the package itself.',
    });
  });
}
