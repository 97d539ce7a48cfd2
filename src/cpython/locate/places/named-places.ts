import type { Locator } from '../locator.ts';
import { environmentFolder, interpreterIn } from './environment-folder.ts';
import { namedInterpreter } from './named-interpreter.ts';

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
