import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findPythons } from '../support/pythons.ts';
import { allPassed, runUnittests } from '../support/unittest.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

describe('examples/plugins/weather-insight', () => {
  it.each(findPythons())('is plain Python that works on CPython $version ($executable)', async (python) => {
    const outcome = await runUnittests(python, here, [`${root}/examples/plugins/weather-insight`, `${root}/python`]);

    expect(outcome).toEqual(allPassed);
  });
});
