import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locatePython } from '../../../../src/cpython/locate/locate-python.ts';
import type { LocateOptions } from '../../../../src/cpython/locate/locator.ts';
import { PythonNotFoundError } from '../../../../src/errors/python-not-found-error.ts';
import { staticAnswer, writeAnsweringPython, writeProgram } from '../../../support/fake-python.ts';
import { embeddablePythons } from '../../../support/pythons.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const pythons = embeddablePythons();
const [python = expect.fail('no CPython with a shared library on this machine')] = pythons;

describe.each(pythons)('CPython $version of this machine', ({ executable, version, libpython }) => {
  it('is found by the path of its interpreter, with the whole record', () => {
    const { python: found, attempts } = locatePython({ python: executable, env: {} });

    expect(found).toEqual({
      executable,
      version,
      prefix: asked(executable, 'sys.prefix'),
      basePrefix: asked(executable, 'sys.base_prefix'),
      libpython,
      shared: true,
      freeThreaded: false,
      debug: false,
      implementation: 'cpython',
      machine: process.arch,
      sitePackages: JSON.parse(asked(executable, '__import__("json").dumps(__import__("site").getsitepackages())')),
      foundBy: 'option python',
    });
    expect(attempts.at(-1)).toEqual({ locator: 'option python', looked: executable, outcome: 'used' });
  });

  it('is found by the path of its library alone, without a patch level because no interpreter is run', () => {
    const { python: found } = locatePython({ libpython, env: {} });

    expect(found).toMatchObject({
      libpython,
      version: version.split('.').slice(0, 2).join('.'),
      basePrefix: asked(executable, 'sys.base_prefix'),
      sitePackages: [],
      foundBy: 'option libpython',
    });
    expect(realpathSync(found.executable ?? '')).toBe(realpathSync(executable));
  });

  it('is found through a virtual environment: its interpreter and packages, the library of its base', () => {
    const venv = makeVenv(join(tempFolder('venv'), 'mit Leerzeichen и кириллица'), executable);

    const { python: found } = locatePython({ env: { VIRTUAL_ENV: venv } });

    expect(found).toMatchObject({
      executable: join(venv, 'bin/python'),
      version,
      prefix: venv,
      basePrefix: asked(executable, 'sys.base_prefix'),
      libpython,
      // Debian's Python names folders of its own after this one.
      sitePackages: expect.arrayContaining([join(venv, `lib/python${version.split('.', 2).join('.')}/site-packages`)]),
      foundBy: 'VIRTUAL_ENV',
    });
  });
});

describe('the order of the search', () => {
  it('goes from what was asked for to what happens to be there', () => {
    const project = tempFolder('project');
    const venv = makeVenv(join(project, '.venv'), python.executable);
    const onPath = writeForwarder(join(project, 'bin', 'python3'));
    const env: NodeJS.ProcessEnv = {
      FIDIUS_PYTHON: python.executable,
      VIRTUAL_ENV: venv,
      CONDA_PREFIX: venv,
      PATH: dirname(onPath),
    };
    const options: LocateOptions = { libpython: python.libpython, python: python.executable, cwd: project, env };
    const found: string[] = [];

    for (const next of [
      () => delete (options as { libpython?: string }).libpython,
      () => delete (options as { python?: string }).python,
      () => delete env['FIDIUS_PYTHON'],
      () => delete env['VIRTUAL_ENV'],
      () => delete env['CONDA_PREFIX'],
      () => rmSync(venv, { recursive: true }),
      () => undefined,
    ]) {
      found.push(locatePython(options).python.foundBy);
      next();
    }

    expect(found).toEqual([
      'option libpython',
      'option python',
      'FIDIUS_PYTHON',
      'VIRTUAL_ENV',
      'CONDA_PREFIX',
      '.venv',
      'PATH',
    ]);
  });

  it('is written down, with the reason why each place gave nothing', () => {
    const cwd = tempFolder();

    const { attempts } = locatePython({ cwd, env: { CONDA_PREFIX: cwd, PATH: dirname(python.executable) } });

    expect(attempts.slice(0, -1)).toEqual([
      { locator: 'option libpython', looked: '', outcome: 'not given' },
      { locator: 'option python', looked: '', outcome: 'not given' },
      { locator: 'FIDIUS_PYTHON', looked: '', outcome: 'not set' },
      { locator: 'VIRTUAL_ENV', looked: '', outcome: 'not set' },
      { locator: 'CONDA_PREFIX', looked: '', outcome: `${cwd} holds no Python` },
      { locator: '.venv', looked: '', outcome: `no virtual environment in ${cwd}` },
    ]);
  });

  it('skips an unusable Python on PATH, which is not an explicit choice', () => {
    const bin = tempFolder();
    writeProgram(join(bin, 'python3'), 'exit 3');
    writeForwarder(join(bin, 'python'));

    const { python: found, attempts } = locatePython({ cwd: bin, env: { PATH: bin } });

    expect(found).toMatchObject({ executable: python.executable, foundBy: 'PATH' });
    expect(attempts.at(-2)).toEqual({
      locator: 'PATH',
      looked: join(bin, 'python3'),
      outcome: 'ended with exit code 3 when asked for its version',
    });
  });

  it.each(['FIDIUS_PYTHON', 'VIRTUAL_ENV', 'CONDA_PREFIX'])(
    'stops at an unusable Python of %s instead of running another one',
    (variable) => {
      const folder = tempFolder();
      writeProgram(join(folder, 'bin', 'python'), 'exit 3');

      const error = failureOf({ cwd: folder, env: { [variable]: folder, PATH: dirname(python.executable) } });

      expect(error.code).toBe('FIDIUS_PYTHON_NO_ANSWER');
      expect(error.message).toBe(
        `Cannot use the Python of ${variable}: ${folder} ended with exit code 3 when asked for its version`,
      );
    },
  );

  it('treats an empty variable as one that is not set', () => {
    const env = { FIDIUS_PYTHON: '', VIRTUAL_ENV: '', CONDA_PREFIX: '', PATH: dirname(python.executable) };

    expect(locatePython({ cwd: tempFolder(), env }).python.foundBy).toBe('PATH');
  });
});

describe('the option python', () => {
  it('may be a command on PATH', () => {
    const bin = tempFolder();
    writeForwarder(join(bin, 'my-python'));

    expect(locatePython({ python: 'my-python', env: { PATH: bin } }).python.executable).toBe(python.executable);
  });

  it('may be relative to the current folder, and a virtual environment', () => {
    const cwd = tempFolder();
    makeVenv(join(cwd, 'my-env'), python.executable);

    for (const name of ['my-env', './my-env', 'my-env/bin/python']) {
      expect(locatePython({ python: name, cwd, env: {} }).python.prefix).toBe(join(cwd, 'my-env'));
    }
  });

  it('may lead through a shim that heeds the environment', () => {
    const bin = tempFolder();
    const shim = writeProgram(join(bin, 'python3'), 'exec "$CHOSEN" "$@"');

    for (const { executable } of pythons) {
      const env = { CHOSEN: executable };
      expect(locatePython({ python: shim, env }).python.executable).toBe(executable);
    }
  });

  it('that names nothing is an error', () => {
    const cwd = tempFolder();

    expect(failureOf({ python: 'no-such-python', cwd, env: {} })).toMatchObject({
      code: 'FIDIUS_PYTHON_NOT_FOUND',
      message: `Cannot use the Python of option python: no-such-python is no command on PATH, and no file in ${cwd}`,
      hint: 'Give the path of an interpreter.',
    });
    expect(failureOf({ python: './no-such-python', cwd, env: {} })).toMatchObject({
      code: 'FIDIUS_PYTHON_NOT_FOUND',
      message: `Cannot use the Python of option python: ${cwd}/no-such-python does not exist`,
    });
  });

  it('that names a folder without an interpreter is an error', () => {
    const cwd = tempFolder();

    expect(failureOf({ python: cwd, env: {} })).toMatchObject({
      code: 'FIDIUS_PYTHON_NOT_FOUND',
      message: `Cannot use the Python of option python: ${cwd} holds no interpreter`,
    });
  });
});

describe('a virtual environment', () => {
  it('whose base was removed is an error that says so', () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, '.venv', 'bin'), { recursive: true });
    writeFileSync(join(cwd, '.venv', 'pyvenv.cfg'), 'home = /gone/bin\n');
    symlinkSync('/gone/bin/python3', join(cwd, '.venv', 'bin', 'python'));

    expect(failureOf({ cwd, env: {} })).toMatchObject({
      code: 'FIDIUS_PYTHON_NOT_FOUND',
      message: `Cannot use the Python of .venv: ${cwd}/.venv is a link to /gone/bin/python3, which does not exist`,
    });
  });

  it('that was deleted while it is active is an error that says how to leave it', () => {
    expect(failureOf({ env: { VIRTUAL_ENV: '/gone/venv' } })).toMatchObject({
      code: 'FIDIUS_PYTHON_NOT_FOUND',
      message: 'Cannot use the Python of VIRTUAL_ENV: /gone/venv does not exist',
      hint: 'Create the environment, or leave it with `deactivate`.',
    });
  });
});

describe('both options', () => {
  it('join a library with the interpreter that tells the rest', () => {
    const { libpython, executable, version } = python;

    const { python: found } = locatePython({ libpython, python: executable, env: {} });

    expect(found).toMatchObject({ libpython, executable, version, foundBy: 'option libpython' });
  });

  it('join a library with an interpreter that was built without one', () => {
    const [major, minor] = python.version.split('.');
    const fake = writeAnsweringPython(join(tempFolder(), 'python3'), {
      ...staticAnswer,
      version: `${major}.${minor}.99`,
    });

    const { python: found } = locatePython({ libpython: python.libpython, python: fake, env: {} });

    expect(found).toMatchObject({ libpython: python.libpython, shared: true, version: `${major}.${minor}.99` });
  });

  it('are an error when they are of two versions', () => {
    const fake = writeAnsweringPython(join(tempFolder(), 'python3'), { ...staticAnswer, version: '3.99.1' });

    const error = failureOf({ libpython: python.libpython, python: fake, env: {} });

    expect(error.code).toBe('FIDIUS_OPTION_INVALID');
    expect(error.message).toContain(`, and option python, ${fake}, is 3.99.1`);
  });
});

describe('options', () => {
  it.each([
    [{ pyhton: 'x' }, 'FIDIUS_OPTION_UNKNOWN', 'Unknown option "pyhton" in locatePython()'],
    [{ python: '' }, 'FIDIUS_OPTION_INVALID', 'Option python must be a path, got ""'],
    [{ libpython: 3 }, 'FIDIUS_OPTION_INVALID', 'Option libpython must be a path, got 3'],
    [{ probeTimeoutMs: 0 }, 'FIDIUS_OPTION_INVALID', 'Option probeTimeoutMs must be a positive number, got 0'],
  ])('are checked: %j', (options, code, message) => {
    expect(() => locatePython(options as LocateOptions)).toThrow(expect.objectContaining({ code, message }));
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

function asked(executable: string, expression: string): string {
  const output = execFileSync(executable, ['-I', '-c', `import sys; print(${expression})`], { encoding: 'utf8' });
  return output.trim();
}

function makeVenv(folder: string, executable: string): string {
  execFileSync(executable, ['-m', 'venv', '--without-pip', folder]);
  return folder;
}

/** A command that runs the first Python of this machine. */
function writeForwarder(path: string): string {
  return writeProgram(path, `exec '${python.executable}' "$@"`);
}
