import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProbeAnswer } from './probe.ts';

/**
 * The shared library of an interpreter.
 *
 * What `sysconfig` says was true on the machine that built this Python. Debian moves the library into the folder of the
 * architecture, conda builds it next to a static interpreter and names only the archive, a relocated build
 * (python-build-standalone, uv) still names the folder of its builder. So names and folders are tried in every
 * combination, the likeliest first.
 *
 * @returns the first file that exists, and the folders that were looked into.
 */
export function findLibraryOf(answer: ProbeAnswer): { library: string | undefined; looked: ReadonlySet<string> } {
  const folders = new Set(libraryFolders(answer));
  const names = libraryNames(answer);
  for (const folder of folders) {
    const library = names.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (library !== undefined) return { library, looked: folders };
  }
  return { library: undefined, looked: folders };
}

function libraryFolders({ config, basePrefix, baseExecutable }: ProbeAnswer): string[] {
  const framework = config['PYTHONFRAMEWORK'] ? [config['PYTHONFRAMEWORKPREFIX'], basePrefix] : [];
  if (process.platform === 'win32') return [basePrefix, dirname(baseExecutable)];
  const { LIBDIR, LIBPL, MULTIARCH } = config;
  const multiarch = typeof LIBDIR === 'string' && MULTIARCH ? [join(LIBDIR, String(MULTIARCH))] : [];
  const relocated = [join(basePrefix, 'lib'), join(basePrefix, 'lib64')];
  return [...framework, LIBDIR, ...multiarch, ...relocated, LIBPL].filter(
    (folder) => typeof folder === 'string' && folder !== '',
  ) as string[];
}

/** File names, the one with the full version first: the others may be links that only a development package brings. */
function libraryNames({ config, version }: ProbeAnswer): string[] {
  const [major, minor] = version.split('.');
  const short = config['LDVERSION'] ?? `${major}.${minor}`;
  if (process.platform === 'win32') return [`python${major}${minor}.dll`];
  if (process.platform === 'darwin') {
    return [config['LDLIBRARY'], config['PYTHONFRAMEWORK'], `libpython${short}.dylib`].filter(isLibraryName);
  }
  const { INSTSONAME, LDLIBRARY } = config;
  return [INSTSONAME, `libpython${short}.so.1.0`, LDLIBRARY, `libpython${short}.so`].filter(isLibraryName);
}

function isLibraryName(name: string | number | null | undefined): name is string {
  return typeof name === 'string' && name !== '' && !name.endsWith('.a');
}
