import type { Locator } from '../locator.ts';
import { environmentFolder } from './environment-folder.ts';

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
