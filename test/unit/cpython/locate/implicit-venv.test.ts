import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locatePython } from '../../../../src/cpython/locate/locate-python.ts';
import type { LocateOptions } from '../../../../src/cpython/locate/locator.ts';
import { PythonNotFoundError } from '../../../../src/errors/python-not-found-error.ts';
import { noOtherUser, otherUid, runAsOther } from '../../../support/other-user.ts';
import { embeddablePythons } from '../../../support/pythons.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const [python = expect.fail('no CPython with a shared library on this machine')] = embeddablePythons();

/** A project with an environment in `.venv`, which only this user can change. */
function makeProject(): { readonly cwd: string; readonly venv: string } {
  const cwd = tempFolder('project');
  const venv = join(cwd, '.venv');
  execFileSync(python.executable, ['-I', '-m', 'venv', '--without-pip', venv]);
  chmodSync(cwd, 0o755);
  chmodSync(venv, 0o755);
  return { cwd, venv };
}

function refusalOf(options: LocateOptions): PythonNotFoundError {
  try {
    locatePython(options);
  } catch (error) {
    if (error instanceof PythonNotFoundError) return error;
    throw error;
  }
  throw new Error('The environment was used');
}

describe.skipIf(process.platform === 'win32')('.venv in the current folder', () => {
  it('is used when only this user can change it', () => {
    const { cwd, venv } = makeProject();

    expect(locatePython({ cwd, env: {} }).python).toMatchObject({ prefix: venv, foundBy: '.venv' });
  });

  it('is refused when others may write to it', () => {
    const { cwd, venv } = makeProject();
    chmodSync(venv, 0o777);

    expect(refusalOf({ cwd, env: {} })).toMatchObject({
      code: 'FIDIUS_PYTHON_UNSAFE',
      message: `Cannot use the Python of .venv: ${venv} is not used without being named: ${venv}: other users may write to it (mode 777)`,
      hint: 'Name it by the option `python`, by FIDIUS_PYTHON, or activate it.',
    });
  });

  it('is refused when others may write to the folder that holds it', () => {
    const { cwd, venv } = makeProject();
    chmodSync(cwd, 0o777);

    expect(refusalOf({ cwd, env: {} })).toMatchObject({
      code: 'FIDIUS_PYTHON_UNSAFE',
      message: `Cannot use the Python of .venv: ${venv} is not used without being named: ${cwd}: other users may write to it (mode 777)`,
    });
  });

  it('is refused when it is a link to a folder that others may write to', () => {
    const { cwd: elsewhere, venv } = makeProject();
    chmodSync(elsewhere, 0o777);
    const cwd = tempFolder('linked');
    symlinkSync(venv, join(cwd, '.venv'));

    expect(refusalOf({ cwd, env: {} })).toMatchObject({
      code: 'FIDIUS_PYTHON_UNSAFE',
      message: expect.stringContaining(`${elsewhere}: other users may write to it`),
    });
  });

  it.skipIf(noOtherUser !== undefined)(`is refused when another user owns it${because(noOtherUser)}`, () => {
    const { cwd, venv } = makeProject();
    chownSync(venv, otherUid, otherUid);

    expect(refusalOf({ cwd, env: {} })).toMatchObject({
      code: 'FIDIUS_PYTHON_UNSAFE',
      message: `Cannot use the Python of .venv: ${venv} is not used without being named: ${venv}: it belongs to another user`,
    });
  });

  it.skipIf(noOtherUser !== undefined)(
    `is refused when another user put it into a shared folder${because(noOtherUser)}`,
    () => {
      const cwd = join(tempFolder('shared'), 'everybody');
      mkdirSync(cwd);
      // As /tmp: others may put something there, and remove only what is theirs.
      chmodSync(join(cwd, '..'), 0o755);
      chmodSync(cwd, 0o1777);
      runAsOther(
        'const fs = require("fs"); fs.mkdirSync(".venv"); fs.writeFileSync(".venv/pyvenv.cfg", "home = /")',
        cwd,
      );

      expect(refusalOf({ cwd, env: {} })).toMatchObject({
        code: 'FIDIUS_PYTHON_UNSAFE',
        message: expect.stringContaining(`${join(cwd, '.venv')}: it belongs to another user`),
      });
    },
  );

  it('is used all the same when it is named', () => {
    const { cwd, venv } = makeProject();
    chmodSync(venv, 0o777);

    const found = [
      locatePython({ cwd, env: {}, python: '.venv' }),
      locatePython({ cwd, env: { FIDIUS_PYTHON: '.venv' } }),
      locatePython({ cwd, env: { VIRTUAL_ENV: venv } }),
    ];

    expect(found.map(({ python: { prefix } }) => prefix)).toEqual([venv, venv, venv]);
  });

  it('is skipped for an isolated Python, and the record says so', () => {
    const { cwd, venv } = makeProject();
    const env = { PATH: join(python.executable, '..') };

    const { python: found, attempts } = locatePython({ cwd, env, isolatePython: true });

    expect(found.foundBy).toBe('PATH');
    expect(attempts.find(({ locator }) => locator === '.venv')).toEqual({
      locator: '.venv',
      looked: '',
      outcome: `${venv} is not used by a host that isolates Python (it requires signatures): name it by the option python`,
    });
  });
});

function because(obstacle: string | undefined): string {
  return obstacle === undefined ? '' : ` (skipped: ${obstacle})`;
}
