/**
 * Runs the test suite once for every libpython of this machine, one after the other, and says which ran.
 *
 * Usage: npm run test:all [-- <arguments for vitest>]
 */

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type EmbeddablePython, embeddablePythons } from '../test/support/pythons.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

const pythons = embeddablePythons();
const results: { readonly python: EmbeddablePython; readonly counts: Counts }[] = [];
for (const python of pythons) {
  console.log(`\n=== CPython ${python.version} (${python.libpython})\n`);
  results.push({ python, counts: await runSuite(python) });
}

console.log(
  `\nran on ${pythons.length === 0 ? 'no Python: none with a shared library was found' : `${pythons.length}:`}`,
);
for (const { python, counts } of results) console.log(`  CPython ${python.version}: ${toLine(counts)}`);
const total = results.reduce((sum, { counts }) => add(sum, counts), { passed: 0, failed: 0, skipped: 0 });
console.log(toLine(total));
process.exitCode = total.failed > 0 || pythons.length === 0 ? 1 : 0;

/** Runs all tests with one Python; a run that ends without its closing line counts as a failure. */
async function runSuite(python: EmbeddablePython): Promise<Counts> {
  const child = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TEST_PYTHON: python.executable, FIDIUS_PYTHON: python.executable },
  });
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

/** The last closing line that test/support/plain-summary.ts printed. */
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
