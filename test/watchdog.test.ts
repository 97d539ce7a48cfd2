import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

/** Runs the test files of `test/fixtures/blocked/`, whose processes may be silent for four seconds. */
async function runBlockedFiles() {
  const args = [vitest, 'run', '--config', 'test/fixtures/blocked/vitest.config.ts', '--root', '.'];
  // A run within a run: nothing of the outer one may reach it.
  const outer = Object.entries(process.env).filter(([name]) => !/^(VITEST|TINYPOOL)/.test(name));
  const env = { ...Object.fromEntries(outer), NO_COLOR: '1', FIDIUS_TEST_BLOCKED_SECONDS: '4' };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exitCode, output };
}

it('names a test whose process is blocked in native code, ends it, and has the run fail', async () => {
  const { exitCode, output } = await runBlockedFiles();

  const blocked = output.split('\n').filter((line) => line.startsWith('blocked: '));
  expect(blocked.map((line) => line.replace(/ \(process.*/, '')).toSorted()).toEqual([
    'blocked: test/fixtures/blocked/before-a-test.case.ts, before its first test',
    'blocked: test/fixtures/blocked/in-a-test.case.ts > a lock of Python > is taken twice by the JavaScript thread',
  ]);
  expect(output).toContain('process died: test/fixtures/blocked/in-a-test.case.ts');
  // Of the file that was blocked in its second test, what came before counts only if vitest has heard of it.
  expect(output).toMatch(/^[12] passed, [23] failed, 0 skipped$/m);
  expect(exitCode).toBe(1);
});
