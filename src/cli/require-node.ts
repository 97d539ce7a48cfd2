import { unsupportedNode } from '../errors/node-version.ts';

// The first import of the program: modules are evaluated in the order of their imports, and an uncaught error would be printed
// with the source text around it.
const problem = unsupportedNode();
if (problem !== undefined) {
  process.stderr.write(`error: ${problem.message}\nhint: ${problem.hint}\n`);
  process.exit(1);
}
