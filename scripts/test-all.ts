/**
 * Runs the test suite once for every libpython of this machine, one after the other, and says which ran.
 *
 * Where none is of CPython 3.14 or later, `newer-python.sh` brings them, if the machine allows.
 *
 * Usage: npm run test:all [-- <arguments for vitest>]
 */

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { embeddablePythons } from '../test/support/pythons.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const vitestArguments = process.argv.slice(2);

const pythons = embeddablePythons();
const results: { readonly on: string; readonly counts: Counts }[] = [];
for (const { version, libpython, executable } of pythons) {
  console.log(`\n=== CPython ${version} (${libpython})\n`);
  const env = { ...process.env, TEST_PYTHON: executable, FIDIUS_PYTHON: executable };
  results.push({
    on: `CPython ${version}`,
    counts: await run(process.execPath, [vitest, 'run', ...vitestArguments], env),
  });
}
if (!process.env['TEST_PYTHON'] && !pythons.some(({ version }) => /^3\.(1[4-9]|[2-9]\d)\b/.test(version))) {
  console.log('\n=== CPython 3.14 and later, in a Debian of their own\n');
  const script = fileURLToPath(new URL('newer-python.sh', import.meta.url));
  results.push({
    on: 'CPython 3.14 and later',
    counts: await run('sh', [script, ...vitestArguments], process.env),
  });
}

console.log(`\nran on ${pythons.length === 0 ? 'no Python here: none with a shared library was found' : 'these:'}`);
for (const { on, counts } of results) console.log(`  ${on}: ${toLine(counts)}`);
const total = results.reduce((sum, { counts }) => add(sum, counts), { passed: 0, failed: 0, skipped: 0 });
console.log(toLine(total));
process.exitCode = total.failed > 0 || pythons.length === 0 ? 1 : 0;

/** Runs all tests somewhere; a run that ends without its closing line counts as a failure. */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Counts> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    output += text;
  });
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));

  const counts = readCounts(output);
  if (counts === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** The last closing line, as test/support/plain-summary.ts prints it and the script does. */
function readCounts(output: string): Counts | undefined {
  const last = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  if (last === undefined) return undefined;
  const [passed = 0, failed = 0, skipped = 0] = last.slice(1).map(Number);
  return { passed, failed, skipped };
}

function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

function toLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
