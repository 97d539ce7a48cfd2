import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FidiusError } from '../../../errors/fidius-error.ts';
import { findUntrustedPart } from '../../../files/trusted-path.ts';
import type { Candidate, Locator } from '../locator.ts';
import { environmentFolder } from './candidates.ts';

/** The name of the locator below, as a record gives it. */
export const implicitEnvironment = '.venv';

/**
 * The folder `.venv` in the current folder, where `python -m venv .venv` and `uv venv` put the environment of a project.
 *
 * It was not named explicitly, so another user must not be able to create it: a program may be started in a shared folder. An
 * isolated Python does not use it at all, because the current folder is not part of the configuration of the program.
 */
export const dotVenv: Locator = {
  name: implicitEnvironment,
  binding: true,
  *candidates(search) {
    if (search.isolatePython) return;
    const folder = folderIn(search.cwd);
    if (isEnvironment(folder)) yield trusted(folder, environmentFolder(folder, search));
  },
  absence: ({ cwd, isolatePython }) =>
    isolatePython && isEnvironment(folderIn(cwd))
      ? `${folderIn(cwd)} is not used by a host that isolates Python (it requires signatures): name it by the option python`
      : `no virtual environment in ${cwd}`,
};

/** The environment in the current folder, which an isolated Python does not use unless it is named. */
export function findImplicitEnvironment(cwd = process.cwd()): string | undefined {
  return isEnvironment(folderIn(cwd)) ? folderIn(cwd) : undefined;
}

function folderIn(cwd: string): string {
  return join(cwd, '.venv');
}

function isEnvironment(folder: string): boolean {
  return existsSync(join(folder, 'pyvenv.cfg'));
}

function trusted(folder: string, candidate: Candidate): Candidate {
  return {
    ...candidate,
    examine() {
      const distrust = findUntrustedPart(folder);
      if (distrust === undefined) return candidate.examine();
      throw new FidiusError(
        'FIDIUS_PYTHON_UNSAFE',
        `is not used without being named: ${distrust.culprit}: ${distrust.problem}`,
        {
          hint: 'Name it by the option `python`, by FIDIUS_PYTHON, or activate it.',
        },
      );
    },
  };
}
