import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { examineLibrary } from '../examine-library.ts';
import type { Locator } from '../locator.ts';
import { compareMinor } from '../supported.ts';

/** Libraries in the folders where systems keep them, the newest first: for a machine that has the library only. */
export const systemLibraries: Locator = {
  name: 'system libraries',
  binding: false,
  *candidates() {
    const found = places().flatMap(({ folder, file }) =>
      list(folder).flatMap((name) => {
        const [, version] = file.name.exec(name) ?? [];
        return version === undefined ? [] : [{ version: dotted(version), path: join(folder, file.within(name)) }];
      }),
    );
    for (const { path } of found.toSorted((a, b) => compareMinor(b.version, a.version))) {
      yield { looked: path, examine: () => examineLibrary(path) };
    }
  },
  absence: () =>
    `no libpython in ${places()
      .map(({ folder }) => folder)
      .join(', ')}`,
};

interface Place {
  readonly folder: string;
  /** The entries of the folder that count, with the version as first group, and the library within one. */
  readonly file: { readonly name: RegExp; within(name: string): string };
}

const itself = (name: string): string => name;
const sharedObject = { name: /^libpython(3\.\d+)\.so\.1\.0$/, within: itself };
const framework = { name: /^(3\.\d+)$/, within: (name: string) => join(name, 'Python') };
const windowsFolder = { name: /^Python(3\d+)$/, within: (name: string) => join(name, `${name.toLowerCase()}.dll`) };

function places(): Place[] {
  if (process.platform === 'darwin') {
    const roots = ['/opt/homebrew/Frameworks', '/usr/local/Frameworks', '/Library/Frameworks'];
    return roots.map((root) => ({ folder: `${root}/Python.framework/Versions`, file: framework }));
  }
  if (process.platform === 'win32') {
    const roots = [join(homedir(), 'AppData/Local/Programs/Python'), 'C:/Program Files', 'C:/'];
    return roots.map((folder) => ({ folder, file: windowsFolder }));
  }
  // Debian keeps a folder per architecture, such as /usr/lib/x86_64-linux-gnu.
  const perArchitecture = list('/usr/lib').filter((name) => name.includes('-linux-'));
  const folders = ['/usr/local/lib', ...perArchitecture.map((name) => `/usr/lib/${name}`), '/usr/lib64', '/usr/lib'];
  return folders.map((folder) => ({ folder, file: sharedObject }));
}

function dotted(version: string): string {
  return version.includes('.') ? version : version.replace('3', '3.');
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
