import { existsSync, lstatSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FidiusError } from '../../../errors/fidius-error.ts';
import { examineInterpreter } from '../examine-interpreter.ts';
import type { Candidate, Search } from '../locator.ts';

/** The interpreter of a virtual environment or a conda environment. */
export function environmentFolder(folder: string, search: Search): Candidate {
  const root = resolve(search.cwd, folder);
  return {
    looked: root,
    examine() {
      if (!existsSync(root)) {
        throw new FidiusError('FIDIUS_PYTHON_NOT_FOUND', 'does not exist', {
          hint: 'Create the environment, or leave it with `deactivate`.',
        });
      }
      const interpreter = interpreterIn(root);
      if (interpreter === undefined) {
        throw new FidiusError('FIDIUS_PYTHON_NOT_FOUND', 'holds no interpreter', {
          hint: 'Name a virtual environment, or an interpreter.',
        });
      }
      return examineInterpreter(interpreter, search);
    },
  };
}

const places = process.platform === 'win32' ? ['Scripts/python.exe', 'python.exe'] : ['bin/python', 'bin/python3'];

/** Where the environment keeps its interpreter, also when that is a link to one that was removed. */
export function interpreterIn(folder: string): string | undefined {
  return places
    .map((place) => join(folder, place))
    .find((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}
