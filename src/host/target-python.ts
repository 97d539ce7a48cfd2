import type { TargetPython } from '../packaging/vendor/python-compatibility.ts';
import type { Interpreter } from '../python/interpreter.ts';

/** What vendored code has to fit: this process is of the same kind as the Python in it. */
export function targetPython({ facts }: Interpreter): TargetPython {
  const { version, implementation } = facts;
  return { version, implementation, machine: process.arch, freeThreaded: false };
}
