import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { runtimeFolder } from '../runtime-folders.ts';

/** One copy of this library: a process can hold several, of the same version or of different ones. */
export interface LibraryCopy {
  readonly version: string;
  /** The folder of the package. */
  readonly folder: string;
}

let own: LibraryCopy | undefined;

/** The copy that this file belongs to. */
export function thisCopy(): LibraryCopy {
  if (own === undefined) {
    const folder = dirname(runtimeFolder);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    own = { version, folder };
  }
  return own;
}

/**
 * Refuses to share Python with another version.
 *
 * There is one Python in a process, and in it one `fidius_host`, which belongs to the copy that started it. What that and
 * the JavaScript side say to each other changes from version to version. Copies of one version differ in their place only.
 *
 * @param other the copy that has started Python; versions that do not leave word of themselves are unknown.
 * @throws FidiusError `FIDIUS_PYTHON_OTHER_VERSION`.
 */
export function refuseOtherVersion(other: Partial<LibraryCopy> | undefined): void {
  const { version, folder } = thisCopy();
  if (other?.version === version) return;
  throw new FidiusError(
    'FIDIUS_PYTHON_OTHER_VERSION',
    `fidius ${other?.version ?? 'of an unknown version'} in ${other?.folder ?? 'an unknown folder'} has started Python in this process, and fidius ${version} in ${folder} cannot share it`,
    {
      hint: 'Install one version for the whole program (`npm ls fidius`), or use the other one in a process of its own.',
    },
  );
}

/** Whether an error is that of {@link refuseOtherVersion}: then Python itself did not fail. */
export function isOtherVersion(error: unknown): boolean {
  return isFidiusError(error) && error.code === 'FIDIUS_PYTHON_OTHER_VERSION';
}
