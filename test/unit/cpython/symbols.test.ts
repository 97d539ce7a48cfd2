import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type PythonSymbol, symbols } from '../../../src/cpython/api/symbols.ts';
import { embeddablePythons } from '../../support/pythons.ts';

/** Asks the dynamic linker, through ctypes of that Python, which of these names its library exports. */
function missingNames(executable: string, libpython: string): string[] {
  const script = `
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
print([name for name in sys.argv[2:] if not hasattr(library, name)])`;
  const output = execFileSync(executable, ['-c', script, libpython, ...Object.keys(symbols)], { encoding: 'utf8' });
  return [...output.matchAll(/'(\w+)'/g)].map(([, name]) => name as string);
}

describe.each(embeddablePythons().map((python) => [python.version, python] as const))(
  'CPython %s',
  (version, python) => {
    it('exports every function of the table that it is said to have', () => {
      const [, minor = 0] = version.split('.').map(Number);
      const expected = Object.entries<PythonSymbol>(symbols)
        .filter(([, { since }]) => since !== undefined && minor < since[1])
        .map(([name]) => name);

      expect(missingNames(python.executable, python.libpython)).toEqual(expected);
    });
  },
);
