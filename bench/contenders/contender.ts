import { fileURLToPath } from 'node:url';
import type { OperationName } from '../operations.ts';

/** Makes one call. What it returns, or resolves to, is what `operations.ts` checks. */
export type Call = (step: number) => unknown;

/** One way to call Python from Node, opened in a process of its own: the operations it has, ready to be called. */
export interface Contender {
  readonly calls: Partial<Record<OperationName, Call>>;
}

/** A module of this folder: `open` starts Python and imports the plugin. */
export interface ContenderModule {
  readonly open: () => Contender | Promise<Contender>;
}

export const pluginFolder = fileURLToPath(new URL('../plugin', import.meta.url));
export const pluginFile = `${pluginFolder}/bench_plugin.py`;
