import type { Interpreter } from '../cpython/interpreter.ts';
import type { TargetPython } from '../packaging/vendor/wheel-tags.ts';

/** What vendored code has to fit: this process is of the same kind as the Python in it. */
export function targetPython({ facts }: Interpreter): TargetPython {
  const { version, implementation } = facts;
  return { version, implementation, machine: process.arch, freeThreaded: false };
}
