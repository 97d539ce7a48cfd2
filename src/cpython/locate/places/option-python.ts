import type { Locator } from '../locator.ts';
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
