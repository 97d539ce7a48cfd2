import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findPythons } from './support/pythons.ts';

const sdk = fileURLToPath(new URL('../python', import.meta.url));

describe('python/fidius', () => {
  it.each(findPythons())('passes its own tests on CPython $version ($executable)', ({ executable }) => {
    const { status, stderr } = spawnSync(
      executable,
      ['-B', '-W', 'error', '-m', 'unittest', 'discover', '-s', `${sdk}/tests`],
      { encoding: 'utf8', env: { ...process.env, PYTHONPATH: sdk } },
    );

    // An empty run succeeds too; unittest says how many tests it found.
    expect(stderr).toMatch(/^Ran [1-9]\d* tests/m);
    expect(stderr).toMatch(/^OK/m);
    expect(status).toBe(0);
  });
});
