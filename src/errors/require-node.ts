import { unsupportedNode } from './node-version.ts';

// The first import of every entry: modules are evaluated in the order of their imports.
const problem = unsupportedNode();
if (problem !== undefined) throw problem;
