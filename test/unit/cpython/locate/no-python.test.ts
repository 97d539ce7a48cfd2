import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { locatePython } from '../../../../src/cpython/locate/locate-python.ts';
import type { LocateOptions } from '../../../../src/cpython/locate/locator.ts';
import { PythonNotFoundError } from '../../../../src/errors/python-not-found-error.ts';
import { staticAnswer, writeAnsweringPython, writeProgram } from '../../../support/fake-python.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

// The one place that a test cannot empty: the system folders of the machine it runs on.
vi.mock('../../../../src/cpython/locate/places/system-libraries.ts', () => ({
  systemLibraries: {
    name: 'system libraries',
    binding: false,
    candidates: () => [],
    absence: () => 'no libpython in /usr/lib',
  },
}));

describe('a machine without a usable Python', () => {
  it('gets every place that was tried, and what to install', () => {
    const cwd = tempFolder();

    const error = failureOf({ cwd, env: { PATH: cwd } });

    expect(error.code).toBe('FIDIUS_PYTHON_NOT_FOUND');
    expect(error.message.replaceAll(cwd, '<cwd>')).toMatchInlineSnapshot(`
      "Cannot find a usable CPython in any of these places
        option libpython: not given
        option python: not given
        FIDIUS_PYTHON: not set
        VIRTUAL_ENV: not set
        CONDA_PREFIX: not set
        .venv: no virtual environment in <cwd>
        PATH: no python3 and no python there
        system libraries: no libpython in /usr/lib"
    `);
    expect(error.hint).toMatch(
      /^(Run `|Install ).* or name an interpreter with the option `python` or FIDIUS_PYTHON\.$/,
    );
    expect(error.attempts).toHaveLength(8);
  });

  it('gets the code and the hint of the Python that came nearest', () => {
    const bin = tempFolder();
    const builtStatic = writeAnsweringPython(join(bin, 'python3'), staticAnswer);
    writeProgram(join(bin, 'python'), 'echo "what?"');

    const error = failureOf({ cwd: bin, env: { PATH: dirname(builtStatic) } });

    expect(error.code).toBe('FIDIUS_PYTHON_STATIC');
    expect(error.message.replaceAll(bin, '<bin>')).toMatchInlineSnapshot(`
      "Cannot find a usable CPython in any of these places
        option libpython: not given
        option python: not given
        FIDIUS_PYTHON: not set
        VIRTUAL_ENV: not set
        CONDA_PREFIX: not set
        .venv: no virtual environment in <bin>
        PATH: <bin>/python3 is Python 3.11.7 without its shared library (not in /opt/fake/lib, /opt/fake/lib/x86_64-linux-gnu, /opt/fake/lib64, /opt/fake/lib/python3.11/config)
        PATH: <bin>/python did not answer as a Python does when asked for its version
        system libraries: no libpython in /usr/lib"
    `);
    expect(error.hint).toMatchInlineSnapshot(
      `"Build Python 3.11 with \`--enable-shared\`, or install one that has its library: uv, conda, your system."`,
    );
  });
});

function failureOf(options: LocateOptions): PythonNotFoundError {
  try {
    locatePython(options);
  } catch (error) {
    if (error instanceof PythonNotFoundError) return error;
    throw error;
  }
  throw new Error('A Python was found where none should be');
}
