import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { locatePython } from '../../cpython/locate/locate-python.ts';
import type { LocatedPython } from '../../cpython/locate/locator.ts';
import { findCommand } from '../../cpython/locate/places/candidates.ts';
import { FidiusError } from '../../errors/fidius-error.ts';

/** How the Python of a host was named. */
export interface HostPython {
  readonly python?: string | undefined;
  readonly libpython?: string | undefined;
  readonly isolatePython?: boolean | undefined;
  /** Where the search begins. Default: the current folder. */
  readonly cwd?: string | undefined;
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** An interpreter that can run a call server. */
export type ChildPython = LocatedPython & { readonly executable: string };

/**
 * Finds the interpreter for a process. A shared library is not needed.
 *
 * @param named the option `python` of `process`; a version is searched on `PATH` and among the versions of pyenv.
 * @throws the codes of finding Python; FidiusError `FIDIUS_PYTHON_NOT_FOUND` for a version that is not installed.
 */
export function findChildPython(named: string | undefined, host: HostPython): ChildPython {
  const { isolatePython, libpython, cwd, env } = host;
  if (named !== undefined && isVersion.test(named)) return findVersion(named);
  const interpreter = named ?? host.python;
  const places = interpreter === undefined ? { libpython } : { python: interpreter, libpython: undefined };
  const { python } = locatePython({ ...places, isolatePython, cwd, env, allowStatic: true });
  const { executable } = python;
  if (executable !== undefined && places.libpython === undefined) return { ...python, executable };
  // Of a library that was named alone, too little is known.
  const place = process.platform === 'win32' ? 'python.exe' : `bin/python${minorOf(python.version)}`;
  const standIn = executable ?? join(python.prefix, place);
  if (existsSync(standIn)) return findChildPython(standIn, { cwd, env });
  throw new FidiusError('FIDIUS_PYTHON_NOT_FOUND', `${python.libpython} has no interpreter next to it`, {
    hint: 'Name an interpreter with the option `python` of `process`.',
  });
}

const isVersion = /^3\.\d+(?:\.\d+)?$/;

/** The first interpreter of a version. `3.13` is also matched by `3.13.1`. */
function findVersion(version: string): ChildPython {
  const looked: string[] = [];
  for (const candidate of candidatesOf(version)) {
    looked.push(candidate);
    try {
      const { python } = locatePython({ python: candidate, allowStatic: true });
      const { executable } = python;
      if (executable !== undefined && `${python.version}.`.startsWith(`${version}.`)) return { ...python, executable };
    } catch {
      // A shim of pyenv whose version is not active, for example.
    }
  }
  const where = looked.length === 0 ? '' : `; looked at ${looked.join(', ')}`;
  throw new FidiusError('FIDIUS_PYTHON_NOT_FOUND', `Python ${version} was not found${where}`, {
    hint: 'Install that version, or give the path of its interpreter.',
  });
}

function candidatesOf(version: string): readonly string[] {
  const command = findCommand(`python${minorOf(version)}`, process.env);
  return [...(command === undefined ? [] : [command]), ...pyenvVersions(version)];
}

/** `3.11` for `3.11.7`. */
function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

function pyenvVersions(version: string): readonly string[] {
  const folder = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions');
  try {
    return readdirSync(folder)
      .filter((name) => `${name}.`.startsWith(`${version}.`))
      .sort((a, b) => b.localeCompare(a, undefined, { numeric: true }))
      .map((name) => join(folder, name, 'bin', 'python3'));
  } catch {
    return [];
  }
}
