import type { Locator } from '../locator.ts';
import { environmentFolder, interpreterIn } from './environment-folder.ts';

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
