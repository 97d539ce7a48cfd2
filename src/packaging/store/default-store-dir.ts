import { homedir, platform } from 'node:os';
import { join } from 'node:path';

/** Where packages are stored unless a host says otherwise: among the caches of the user. */
export function defaultStoreDir(env: Readonly<Record<string, string | undefined>>): string {
  return join(cacheFolder(env), 'fidius', 'packages');
}

function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const home = homedir();
  if (platform() === 'win32') return env['LOCALAPPDATA'] || join(home, 'AppData', 'Local');
  if (platform() === 'darwin') return join(home, 'Library', 'Caches');
  return env['XDG_CACHE_HOME'] || join(home, '.cache');
}
