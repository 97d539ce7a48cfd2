import type { FuzzTarget } from './target.ts';
import { archiveTargets } from './target-archives.ts';
import { signingTargets } from './target-signing.ts';
import { textTargets } from './target-texts.ts';
import { valueTargets } from './target-values.ts';

/** Every reader of foreign bytes on the side of JavaScript. */
export const targets: readonly FuzzTarget[] = [...archiveTargets, ...textTargets, ...signingTargets, ...valueTargets];
