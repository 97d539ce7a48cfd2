/** Setup of every test file: `isolated.ts` starts the programs that `bundled-programs.ts` has joined. */

import { inject } from 'vitest';
import { bundles } from './isolated.ts';

bundles.folder = inject('programFolder');
