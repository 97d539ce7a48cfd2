import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findPythons } from './support/pythons.ts';
import { allPassed, runUnittests } from './support/unittest.ts';

const runtime = fileURLToPath(new URL('../runtime', import.meta.url));

describe('runtime/', () => {
  it.each(findPythons())('passes its own tests on CPython $version ($executable)', async (python) => {
    const outcome = await runUnittests(python, `${runtime}/tests`, [runtime]);

    expect(outcome).toEqual(allPassed);
  });
});
