import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { type PythonLibrary, readPythonLibrary } from './binary/python-library.ts';
import type { ExaminedPython } from './locator.ts';
import { checkSupported } from './supported.ts';

/**
 * What can be known of a library without starting anything: its version, its installation, the interpreter next to it.
 *
 * A library without its standard library is refused here: later it would be a failed start, and a process has only one.
 */
export function examineLibrary(path: string): ExaminedPython {
  const library = readPythonLibrary(path);
  const { version, freeThreaded, debug, machine } = library;
  checkSupported({ implementation: 'cpython', version, freeThreaded });
  const prefix = installationOf(library);
  if (prefix === undefined) {
    const message = `has no standard library: no folder above it holds ${standardLibraries(library).join(' or ')}`;
    throw new FidiusError('FIDIUS_PYTHON_INCOMPLETE', message, {
      hint: 'Name an interpreter as well, with the option `python`.',
    });
  }
  const executable = join(prefix, process.platform === 'win32' ? 'python.exe' : `bin/python${version}`);
  return {
    executable: existsSync(executable) ? executable : undefined,
    version,
    prefix,
    basePrefix: prefix,
    libpython: path,
    shared: true,
    freeThreaded,
    debug,
    implementation: 'cpython',
    machine,
    sitePackages: [],
  };
}

/** The nearest folder above the library that holds the standard library, known by the file Python itself looks for. */
function installationOf(library: PythonLibrary): string | undefined {
  const landmarks = standardLibraries(library);
  return [library.path, realpathSync(library.path)]
    .flatMap((path) => foldersAbove(path))
    .find((folder) => landmarks.some((landmark) => existsSync(join(folder, landmark))));
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersAbove(folder)];
}

function standardLibraries({ version }: PythonLibrary): string[] {
  const short = version.replace('.', '');
  return process.platform === 'win32'
    ? ['Lib/os.py', `python${short}.zip`]
    : [`lib/python${version}/os.py`, `lib64/python${version}/os.py`, `lib/python${short}.zip`];
}
