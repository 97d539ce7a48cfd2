import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { readPythonLibrary } from './binary/python-library.ts';
import { readBinary } from './binary/read-binary.ts';
import { examineLibrary } from './examine-library.ts';
import { findLibraryOf, linkedLibraryOf } from './find-library.ts';
import { sharedLibraryHint } from './install-hint.ts';
import type { ExaminedPython, Search } from './locator.ts';
import { probe } from './probe.ts';
import { interpreterBehindShim } from './pyenv-shim.ts';
import { checkSupported } from './supported.ts';

/** Runs an interpreter to describe itself, unless its file is sufficient, and finds the shared library that belongs to it. */
export function examineInterpreter(named: string, search: Search): ExaminedPython {
  const path = interpreterBehindShim(named, search) ?? named;
  return (search.toStart ? examineLinked(path, search) : undefined) ?? askInterpreter(path, search);
}

/** What is needed to start an interpreter in this process, without running it in a separate process, which takes 20 ms. */
function examineLinked(path: string, search: Search): ExaminedPython | undefined {
  try {
    const library = linkedLibraryOf(path, search);
    return library === undefined ? undefined : { ...examineLibrary(library), executable: resolve(search.cwd, path) };
  } catch {
    // It cannot be used, or cannot be determined this way. Running it may still succeed, and otherwise reports the reason.
    return undefined;
  }
}

function askInterpreter(path: string, search: Search): ExaminedPython {
  const answer = probe(path, search);
  const { implementation, version, executable, prefix, basePrefix, sitePackages, config } = answer;
  const freeThreaded = config['Py_GIL_DISABLED'] === 1;
  checkSupported({ implementation, version, freeThreaded });

  const { library, looked } = findLibraryOf(answer);
  if (library === undefined && !search.allowStatic) {
    const where = [...looked].join(', ');
    throw new FidiusError('FIDIUS_PYTHON_STATIC', `is Python ${version} without its shared library (not in ${where})`, {
      hint: sharedLibraryHint(answer),
    });
  }
  return {
    executable,
    version,
    prefix,
    basePrefix,
    libpython: library,
    shared: library !== undefined,
    freeThreaded,
    debug: config['Py_DEBUG'] === 1,
    implementation,
    machine: library === undefined ? machineOf(answer.baseExecutable) : machineOfLibrary(library),
    sitePackages,
  };
}

/** That of a static Python need not be ours; it is ours when its file is not to be seen, as behind a launcher. */
function machineOf(executable: string): string {
  return (existsSync(executable) ? readBinary(executable)?.machine : undefined) ?? process.arch;
}

function machineOfLibrary(library: string): string {
  try {
    return readPythonLibrary(library).machine;
  } catch (error) {
    if (!isFidiusError(error)) throw error;
    const message = `has the library ${library}, which ${error.message}`;
    throw new FidiusError(error.code, message, { hint: error.hint, cause: error });
  }
}
