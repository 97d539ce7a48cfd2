import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { environmentFolder } from './environment-folder.ts';
import type { Locator } from './locator.ts';

/** The folder `.venv` beside the host, where `python -m venv .venv` and `uv venv` put the environment of a project. */
export const dotVenv: Locator = {
  name: '.venv',
  binding: true,
  *candidates(search) {
    const folder = join(search.cwd, '.venv');
    if (existsSync(join(folder, 'pyvenv.cfg'))) yield environmentFolder(folder, search);
  },
  absence: ({ cwd }) => `no virtual environment in ${cwd}`,
};
