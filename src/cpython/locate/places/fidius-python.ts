import type { Locator } from '../locator.ts';
import { namedInterpreter } from './named-interpreter.ts';

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
