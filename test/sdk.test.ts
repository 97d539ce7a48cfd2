import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findPythons } from './support/pythons.ts';
import { allPassed, runUnittests } from './support/unittest.ts';

const sdk = fileURLToPath(new URL('../python', import.meta.url));

describe('python/fidius', () => {
  it.each(findPythons())('passes its own tests on CPython $version ($executable)', async (python) => {
    const outcome = await runUnittests(python, `${sdk}/tests`, [sdk]);

    expect(outcome).toEqual(allPassed);
  });
});
