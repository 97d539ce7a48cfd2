import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type Attempt, PythonNotFoundError } from '../../errors/python-not-found-error.ts';
import type { LocatedPython, LocateOptions, LocateResult } from './located-python.ts';
import { type ProbeAnswer, probe } from './probe.ts';

/**
 * Finds the CPython to run: the first hit of the places below, in their order.
 *
 * @throws {@link PythonNotFoundError}, with every place that was tried.
 */
export function locatePython(options: LocateOptions = {}): LocateResult {
  const env = options.env ?? process.env;
  const cwd = options.cwd ?? process.cwd();
  const attempts: Attempt[] = [];
  const places = [
    { locator: 'option python', executable: options.python },
    { locator: 'FIDIUS_PYTHON', executable: env['FIDIUS_PYTHON'] },
    { locator: 'PATH', executable: 'python3' },
    { locator: 'PATH', executable: 'python' },
  ];
  for (const { locator, executable } of places) {
    if (executable === undefined) continue;
    const answer = probe(executable, env, cwd);
    const libpython = options.libpython ?? sharedLibraryOf(answer);
    const outcome = libpython === undefined ? 'has no shared library' : 'used';
    attempts.push({ locator, looked: executable, outcome });
    if (libpython !== undefined) return { python: toRecord(answer, libpython, locator), attempts };
  }
  throw new PythonNotFoundError('FIDIUS_PYTHON_NOT_FOUND', 'No usable Python was found', attempts);
}

function sharedLibraryOf({ config, basePrefix }: ProbeAnswer): string | undefined {
  const folders = [config['LIBDIR'], join(basePrefix, 'lib')].filter((folder) => typeof folder === 'string');
  return folders.map((folder) => join(folder, String(config['INSTSONAME']))).find((path) => existsSync(path));
}

function toRecord(answer: ProbeAnswer, libpython: string, foundBy: string): LocatedPython {
  return {
    executable: answer.executable,
    version: answer.version,
    prefix: answer.prefix,
    basePrefix: answer.basePrefix,
    libpython,
    shared: true,
    freeThreaded: answer.config['Py_GIL_DISABLED'] === 1,
    debug: answer.config['Py_DEBUG'] === 1,
    implementation: answer.implementation,
    machine: process.arch,
    sitePackages: answer.sitePackages,
    foundBy,
  };
}
