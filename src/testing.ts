/** The entry `fidius/testing`: loading a package under test. Re-exports, nothing else. */

import './errors/require-node.ts';

export type { OutputEvent } from './executor/output.ts';
export { type LoadPluginOptions, loadPlugin, type TestedPlugin } from './host/load-plugin.ts';
