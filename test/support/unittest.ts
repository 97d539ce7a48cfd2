import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { expect } from 'vitest';
import type { Python } from './pythons.ts';

export interface UnittestOutcome {
  readonly exitCode: number | null;
  /** What unittest printed. */
  readonly report: string;
}

/** What {@link runUnittests} should give. The count matters: before 3.12, unittest calls it a success to find no test. */
export const allPassed: UnittestOutcome = {
  exitCode: 0,
  report: expect.stringMatching(/^Ran [1-9]\d* tests?[\s\S]*^OK/m) as string,
};

/**
 * Runs the unittests of a folder with one Python; a warning counts as a failure.
 *
 * @param importable folders that the tests import from.
 */
export function runUnittests(python: Python, tests: string, importable: readonly string[]): Promise<UnittestOutcome> {
  // No byte-code: packages under test must stay as they are.
  const args = ['-B', '-W', 'error', '-m', 'unittest', 'discover', '-s', tests];
  const env = { ...process.env, PYTHONPATH: importable.join(delimiter), PYTHONUTF8: '1' };
  return new Promise((resolve) => {
    const child = execFile(python.executable, args, { env, maxBuffer: 2 ** 24 }, (_, __, report) =>
      resolve({ exitCode: child.exitCode, report }),
    );
  });
}
