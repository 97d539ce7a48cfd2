import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { findDistrust } from '../../files/trusted-path.ts';
import { environmentFolder } from './environment-folder.ts';
import type { Candidate, Locator } from './locator.ts';

/**
 * The folder `.venv` in the current folder, where `python -m venv .venv` and `uv venv` put the environment of a project.
 *
 * Nobody named it, so another user must not be able to have put it there: a program may be started in a shared folder.
 */
export const dotVenv: Locator = {
  name: '.venv',
  binding: true,
  *candidates(search) {
    const folder = join(search.cwd, '.venv');
    if (existsSync(join(folder, 'pyvenv.cfg'))) yield trusted(folder, environmentFolder(folder, search));
  },
  absence: ({ cwd }) => `no virtual environment in ${cwd}`,
};

function trusted(folder: string, candidate: Candidate): Candidate {
  return {
    ...candidate,
    examine() {
      const distrust = findDistrust(folder);
      if (distrust === undefined) return candidate.examine();
      throw new FidiusError('FIDIUS_PYTHON_UNSAFE', `is not used unasked: ${distrust.culprit}: ${distrust.problem}`, {
        hint: 'Name it by the option `python`, by FIDIUS_PYTHON, or activate it.',
      });
    },
  };
}
