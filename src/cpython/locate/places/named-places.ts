import { resolve } from 'node:path';
import { FidiusTypeError } from '../../../errors/fidius-error.ts';
import { readPythonLibrary } from '../binary/python-library.ts';
import { examineInterpreter } from '../examine-interpreter.ts';
import { examineLibrary } from '../examine-library.ts';
import type { ExaminedPython, Locator, Search } from '../locator.ts';
import { environmentFolder, findCommand, interpreterIn, namedInterpreter } from './candidates.ts';

/** The option `libpython`: a shared library; with the option `python`, that interpreter completes the record. */
export const optionLibpython: Locator = {
  name: 'option libpython',
  binding: true,
  *candidates(search) {
    const { libpython, python } = search;
    if (libpython === undefined) return;
    const path = resolve(search.cwd, libpython);
    yield { looked: path, examine: () => (python === undefined ? examineLibrary(path) : pair(path, python, search)) };
  },
  absence: () => 'not given',
};

function pair(path: string, python: string, search: Search): ExaminedPython {
  const library = readPythonLibrary(path);
  const interpreter = namedInterpreter(python, { ...search, allowStatic: true }).examine();
  const [major, minor] = interpreter.version.split('.');
  if (library.version !== `${major}.${minor}`) {
    const message = `is of Python ${library.version}, and option python, ${python}, is ${interpreter.version}`;
    throw new FidiusTypeError('FIDIUS_OPTION_INVALID', message, { hint: 'Leave one of the two options out.' });
  }
  return { ...interpreter, libpython: path, shared: true, machine: library.machine };
}

/** The option `python`. */
export const optionPython: Locator = {
  name: 'option python',
  binding: true,
  *candidates(search) {
    if (search.python !== undefined) yield namedInterpreter(search.python, search);
  },
  absence: () => 'not given',
};

/** The environment variable `FIDIUS_PYTHON`: the option `python` for those who cannot change the host. */
export const fidiusPython: Locator = {
  name: 'FIDIUS_PYTHON',
  binding: true,
  *candidates(search) {
    const named = search.env['FIDIUS_PYTHON'];
    if (named) yield namedInterpreter(named, search);
  },
  absence: () => 'not set',
};

/** The virtual environment that the shell activated. */
export const virtualEnv: Locator = {
  name: 'VIRTUAL_ENV',
  binding: true,
  *candidates(search) {
    const folder = search.env['VIRTUAL_ENV'];
    if (folder) yield environmentFolder(folder, search);
  },
  absence: () => 'not set',
};

/** The conda environment that the shell activated, if it holds a Python: those of other languages need not. */
export const condaPrefix: Locator = {
  name: 'CONDA_PREFIX',
  binding: true,
  *candidates(search) {
    const folder = search.env['CONDA_PREFIX'];
    if (folder && interpreterIn(folder) !== undefined) yield environmentFolder(folder, search);
  },
  absence: ({ env }) => (env['CONDA_PREFIX'] ? `${env['CONDA_PREFIX']} holds no Python` : 'not set'),
};

/** What `python3` and `python` mean on the `PATH`. They were not named explicitly, so an unusable one is skipped. */
export const pathCommands: Locator = {
  name: 'PATH',
  binding: false,
  *candidates(search) {
    for (const command of ['python3', 'python']) {
      const path = findCommand(command, search.env);
      if (path !== undefined) yield { looked: path, examine: () => examineInterpreter(path, search) };
    }
  },
  absence: () => 'no python3 and no python there',
};
