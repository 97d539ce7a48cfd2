/**
 * Usage: npm run fuzz -- [--seconds 5] [--seed N] [--from 0] [--inputs N] [<target>...]
 *
 * Gives mutated input to every reader of foreign bytes. Each input has to end in a result or in an error of the library with a code
 * that is documented, without control characters in its message, within two seconds and a bound on memory. The seed is printed;
 * `--seed`, `--from` and `--inputs 1` repeat one input. The bytes of what is found are written to a file.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findPythons } from '../test/support/pythons.ts';
import { runInThread } from './fuzz/run-in-thread.ts';
import type { FuzzFinding, FuzzTask } from './fuzz/run-target.ts';
import { targets } from './fuzz/targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    from: { type: 'string', default: '0' },
    inputs: { type: 'string', default: 'Infinity' },
  },
});
const isWanted = (name: string) => positionals.length === 0 || positionals.includes(name);

const names = [...targets.map(({ name }) => name), 'entry modules'];
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`Unknown target ${unknown.join()}, expected some of: ${names.join(', ')}`);

console.log(`seed ${values.seed}`);
let found = 0;
for (const { name } of targets.filter((target) => isWanted(target.name))) {
  const { inputs, refused, findings } = await runInThread(taskFor(name));
  console.log(`${name}: ${inputs} inputs, ${refused} refused, ${findings.length} findings`);
  for (const finding of findings) report(name, finding);
  found += findings.length;
}
if (isWanted('entry modules')) found += runPython();
process.exitCode = found === 0 ? 0 : 1;

function taskFor(target: string): Omit<FuzzTask, 'folder' | 'progress'> {
  return {
    target,
    seed: Number(values.seed),
    from: Number(values.from),
    milliseconds: Number(values.seconds) * 1000,
    most: Number(values.inputs),
  };
}

/** What the runtime reads of a package, in Python. */
function runPython(): number {
  const [python] = findPythons();
  if (python === undefined) {
    console.log('entry modules: skipped, there is no Python');
    return 0;
  }
  const script = fileURLToPath(new URL('fuzz/entry_modules.py', import.meta.url));
  const runtime = fileURLToPath(new URL('../runtime', import.meta.url));
  const args = [script, runtime, values.seconds, values.seed, values.from, values.inputs];
  const { status } = spawnSync(python.executable, args, { stdio: 'inherit' });
  return status === 0 ? 0 : 1;
}

function report(name: string, { index, problem, input }: FuzzFinding): void {
  const path = join(tmpdir(), `fidius-fuzz-${name.replaceAll(/\W/g, '-')}-${values.seed}-${index}`);
  writeFileSync(path, input);
  console.log(`  ${problem.replaceAll('\n', '\n    ').slice(0, 2000)}`);
  console.log(`  input: ${path}; again: npm run fuzz -- '${name}' --seed ${values.seed} --from ${index} --inputs 1`);
}
