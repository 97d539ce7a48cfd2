import { resolve } from 'node:path';
import { FidiusTypeError } from '../../../errors/fidius-error.ts';
import { readPythonLibrary } from '../binary/python-library.ts';
import { examineLibrary } from '../examine-library.ts';
import type { ExaminedPython, Locator, Search } from '../locator.ts';
import { namedInterpreter } from './named-interpreter.ts';

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
