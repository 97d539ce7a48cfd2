import { homedir, platform } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { shown } from '../../errors/shown.ts';
import { findUntrustedPart } from '../../files/trusted-path.ts';

/**
 * The default store directory, in the cache directory of the user.
 *
 * @throws FidiusError `FIDIUS_STORE_UNSAFE` if the environment contains a relative path, which would depend on the
 * current folder.
 */
export function defaultStoreDir(env: Readonly<Record<string, string | undefined>>, home = homedir()): string {
  const [folder, variable] = cacheFolder(env, home);
  if (isAbsolute(folder)) return join(folder, 'fidius', 'packages');
  throw new FidiusError(
    'FIDIUS_STORE_UNSAFE',
    `Cannot choose a package store: ${variable} leads to "${shown(folder)}", expected an absolute path`,
    { hint: `Choose a folder for the store, or set ${variable} to an absolute path.` },
  );
}

/** The environment variable that selects another place for the default store. */
export const cacheVariable =
  platform() === 'win32' ? 'LOCALAPPDATA' : platform() === 'darwin' ? 'HOME' : 'XDG_CACHE_HOME';

function cacheFolder(env: Readonly<Record<string, string | undefined>>, home: string): readonly [string, string] {
  if (platform() === 'win32') {
    return env['LOCALAPPDATA']
      ? [env['LOCALAPPDATA'], 'LOCALAPPDATA']
      : [join(home, 'AppData', 'Local'), 'USERPROFILE'];
  }
  if (platform() === 'darwin') return [join(home, 'Library', 'Caches'), 'HOME'];
  return env['XDG_CACHE_HOME'] ? [env['XDG_CACHE_HOME'], 'XDG_CACHE_HOME'] : [join(home, '.cache'), 'HOME'];
}

/** @throws FidiusError `FIDIUS_STORE_UNSAFE` */
export function requireTrustedPath(path: string): void {
  const distrust = findUntrustedPart(path);
  if (distrust === undefined) return;
  const { culprit, problem, hint } = distrust;
  const which = culprit === path ? '' : `: ${culprit}`;
  throw new FidiusError('FIDIUS_STORE_UNSAFE', `Cannot use the package store ${path}${which}: ${problem}`, { hint });
}
