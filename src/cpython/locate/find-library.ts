import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { readBinary } from './binary/read-binary.ts';
import type { Search } from './locator.ts';
import type { ProbeAnswer } from './probe.ts';

/**
 * The shared library that an interpreter is linked with, known from its file alone: nothing is run.
 *
 * Nothing where that would be a guess: for a script such as a shim of pyenv, a static interpreter as Debian has it, a
 * library in a folder that only the loader knows, and where `LD_LIBRARY_PATH` may lead to another one (ld.so(8)).
 *
 * @throws what the file system says of a file that is missing or must not be executed.
 */
export function linkedLibraryOf(interpreter: string, { cwd, env }: Search): string | undefined {
  if (process.platform !== 'linux' || env['LD_LIBRARY_PATH']) return undefined;
  const path = realpathSync(resolve(cwd, interpreter));
  accessSync(path, constants.X_OK);
  // Other programs run Python, too: only an interpreter tells which environment it belongs to.
  if (!/^python\d*(?:\.\d+)?[a-z]*$/.test(basename(path))) return undefined;
  const { needs = [], runPath = '' } = readBinary(path) ?? {};
  const name = needs.find((each) => each.startsWith('libpython3.'));
  if (name === undefined) return undefined;
  return runPath
    .split(':')
    .map((folder) => join(folder.replace(/^\$(?:ORIGIN|\{ORIGIN\})/, dirname(path)), name))
    .find((library) => isAbsolute(library) && existsSync(library));
}

/**
 * The shared library of an interpreter, known from what it says about itself.
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
