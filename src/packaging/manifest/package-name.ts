import { FidiusError } from '../../errors/fidius-error.ts';
import type { Manifest } from './manifest.ts';

// Letters and digits of any script and some punctuation. All file systems, shells and tools accept them.
const harmless = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}._+!~-]{0,99}$/u;

/**
 * `name-version`: the folder in the archive of a package, and the stem of its file name.
 *
 * The format lets name, version and extension be anything, also `../../x`; they are checked before they become a path.
 *
 * @throws FidiusError `FIDIUS_PACKAGE_NAME`
 */
export function packageStem(manifest: Pick<Manifest, 'name' | 'version'>): string {
  checkPart('name', manifest.name);
  checkPart('version', manifest.version);
  return `${manifest.name}-${manifest.version}`;
}

/** The name of the archive of a package, such as `demo-1.0.0.fid`. */
export function archiveFileName(manifest: Pick<Manifest, 'extension' | 'name' | 'version'>): string {
  checkPart('extension', manifest.extension);
  return `${packageStem(manifest)}.${manifest.extension}`;
}

function checkPart(what: string, value: string): void {
  // A dot at the end is dropped by Windows.
  if (harmless.test(value) && !value.endsWith('.')) return;
  const message = `The ${what} of the package cannot be part of a file name: ${JSON.stringify(value.slice(0, 120))}`;
  throw new FidiusError('FIDIUS_PACKAGE_NAME', message, {
    hint: `Use at most 100 letters, digits and ._+!~- in the ${what}, and start it with a letter or digit.`,
  });
}
