import { execFileSync } from 'node:child_process';
import { findPythons } from './pythons.ts';

const program = `
import pickle, sys
for line in sys.stdin:
    print(ascii(pickle.loads(bytes.fromhex(line))))
`;

/** What Python makes of each pickle, as it would print it, in ASCII. One process for all of them. */
export function pythonReprs(pickles: readonly Uint8Array[]): readonly string[] {
  const [python] = findPythons();
  if (python === undefined) throw new Error('No CPython found for the tests');
  const input = pickles.map((pickle) => `${Buffer.from(pickle).toString('hex')}\n`).join('');
  return execFileSync(python.executable, ['-c', program], { input, encoding: 'utf8' }).trimEnd().split('\n');
}
