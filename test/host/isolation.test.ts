import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { executorNames, type HostLoadOptions, type HostOptions } from '../../src/index.ts';
import { SecretKey, signPackage } from '../../src/packaging.ts';
import { type AttackedPlaces, attackPlaces, reportingLines } from '../support/attacked-home.ts';
import { Greeter } from '../support/greeter.ts';
import { outputOf } from '../support/isolated.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { embeddablePythons } from '../support/pythons.ts';
import { runFidius } from '../support/run-fidius.ts';
import { tempFolder } from '../support/temp-folder.ts';

const python = embeddablePythons().at(-1)?.executable ?? 'python3';
const key = new SecretKey(Buffer.alloc(32, 1));

interface Step {
  readonly options: HostOptions;
  readonly load?: HostLoadOptions;
}

interface Answer {
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly external?: readonly { readonly module: string; readonly path: string }[];
  readonly found?: {
    readonly colors: string | null;
    readonly shapes: string | null;
    readonly attacks: readonly string[];
    readonly prefix: string;
    readonly isolated: number;
  };
}

/** Loads a signed package, in one process, once for each step. */
function load(places: AttackedPlaces, ...steps: readonly Step[]): Promise<readonly Answer[]> {
  return loadLines(reportingLines, places, ...steps);
}

async function loadLines(
  lines: readonly string[],
  places: AttackedPlaces,
  ...steps: readonly Step[]
): Promise<readonly Answer[]> {
  const searchPath = tempFolder('signed');
  await signPackage(writePlugin(searchPath, 'reporter', Greeter, ...lines), { key });
  const storeDir = join(tempFolder('store'), 'packages');
  const args = steps.map(({ options, load: loadOptions }) => ({
    name: 'reporter',
    options: { searchPaths: [searchPath], storeDir, ...options },
    load: loadOptions,
  }));
  const { stdout } = await outputOf('isolation.ts', {
    args: [JSON.stringify(args)],
    cwd: places.cwd,
    env: places.env,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const { answer, ...rest } = JSON.parse(line) as Answer & { answer?: string };
      return answer === undefined ? rest : { ...rest, found: JSON.parse(answer) as NonNullable<Answer['found']> };
    });
}

const signed = { trustedKeys: [Buffer.from(key.publicKey.bytes).toString('hex')] } as const;

describe.each(executorNames)('with the executor %s,', (executor) => {
  it('a host that requires signatures runs nothing that the user or the current folder offers', async () => {
    const [answer] = await load(attackPlaces(python), { options: { ...signed, executor, python } });

    expect(answer).toMatchObject({
      found: { colors: null, shapes: null, attacks: [], isolated: 1 },
      external: [],
    });
  });

  it.skipIf(executor === 'process')(
    'a host that does not require signatures runs all of it, so that the attacks are real',
    async () => {
      const places = attackPlaces(python);
      const [named, implicit] = await Promise.all([
        load(places, { options: { executor, python } }),
        load(places, { options: { executor } }),
      ]);

      expect(named[0]?.found).toMatchObject({
        colors: 'user site',
        shapes: 'named by a .pth file',
        attacks: ['.pth of user site', 'sitecustomize of user site', 'usercustomize of user site'],
      });
      expect(named[0]?.external).toEqual([
        { module: 'colors', path: join(places.userSite, 'colors.py') },
        { module: 'shapes', path: expect.stringMatching(/shapes\.py$/) },
      ]);
      expect(implicit[0]?.found).toMatchObject({ colors: '.venv', prefix: places.venv });
    },
  );
});

describe('a host that requires signatures', () => {
  it('passes over a .venv in the current folder that was not named', async () => {
    const places = attackPlaces(python);
    const [answer] = await load(withPythonOnPath(places), { options: signed });

    expect(answer?.found).toMatchObject({ colors: null, attacks: [] });
    expect(answer?.found?.prefix).not.toBe(places.venv);
  });

  it('names the unused .venv when a module is missing', async () => {
    const places = withPythonOnPath(attackPlaces(python));
    const lines = ['import colors', ...reportingLines];

    const [answer] = await loadLines(lines, places, { options: signed });
    const [named] = await loadLines(lines, places, { options: { ...signed, python: '.venv' } });

    expect(answer).toMatchObject({
      code: 'FIDIUS_IMPORT_FAILED',
      message: expect.stringContaining("No module named 'colors'"),
      hint: `The host isolates Python and does not use ${places.venv}, because it was not named. If the module is there, open the host with \`python: '.venv'\`.`,
    });
    expect(named?.found?.colors).toBe('.venv');
  });

  it('uses a .venv that was named, and its code, but nothing of the user', async () => {
    const places = attackPlaces(python);
    const [answer] = await load(places, { options: { ...signed, python: '.venv' } });

    expect(answer?.found).toMatchObject({
      colors: '.venv',
      attacks: ['.pth of .venv', 'sitecustomize of .venv'],
      prefix: places.venv,
    });
    // The environment names a folder outside of itself.
    expect(answer?.external).toEqual([{ module: 'shapes', path: expect.stringMatching(/shapes\.py$/) }]);
  });

  it('does not take an environment from PATH when a library is named that has no interpreter', async () => {
    const places = attackPlaces(python);
    const options = { libpython: libraryAlone() };
    const env = { ...places.env, PATH: `${join(places.venv, 'bin')}:${process.env['PATH']}` };

    const [isolated] = await load({ ...places, env }, { options: { ...signed, ...options } });
    const [other] = await load({ ...places, env }, { options });

    expect(isolated?.found).toMatchObject({ colors: null, attacks: [] });
    expect(other?.found).toMatchObject({ colors: '.venv' });
  });

  it('refuses an interpreter that has taken in files of the user, and names them', async () => {
    const places = attackPlaces(python);
    const [first, second, third] = await load(
      places,
      { options: { python } },
      { options: { ...signed, python } },
      { options: { ...signed, python, isolatePython: false } },
    );

    expect(first?.found?.isolated).toBe(0);
    const custom = join(places.userSite, 'usercustomize.py');
    expect(second).toEqual({
      code: 'FIDIUS_PYTHON_NOT_ISOLATED',
      message: `Python runs in this process already and is not isolated; it has taken in the site-packages of the user (${places.userSite}), usercustomize (${custom})`,
      hint: 'Open the host that starts Python with `isolatePython: true` and with the option `python`; or accept it with `isolatePython: false`.',
    });
    expect(third?.found?.isolated).toBe(0);
  });

  it('refuses an interpreter that runs in a .venv which was not named', async () => {
    const places = withoutUserSite(attackPlaces(python));
    const [first, second] = await load(places, { options: {} }, { options: signed });

    expect(first?.found?.prefix).toBe(places.venv);
    expect(second).toMatchObject({
      code: 'FIDIUS_PYTHON_NOT_ISOLATED',
      message: expect.stringContaining(`it has taken in the environment in the current folder (${places.venv})`),
    });
  });

  it('accepts an interpreter that was started without isolation and has taken in nothing', async () => {
    const places = withoutUserSite(attackPlaces(python));
    const answers = await load(places, { options: { python } }, { options: { ...signed, python } });

    expect(answers.map(({ found }) => found?.attacks)).toEqual([[], []]);
  });

  it('refuses an interpreter in another environment than the one that it names', async () => {
    const places = attackPlaces(python);
    const [first, second, third] = await load(
      places,
      { options: { ...signed, python } },
      { options: { ...signed, python: places.venv } },
      { options: { ...signed, python: join(dirname(python), 'python3') } },
    );

    expect(first?.found?.attacks).toEqual([]);
    expect(second).toMatchObject({
      code: 'FIDIUS_PYTHON_SECOND',
      message: `This process already runs Python with no virtual environment and cannot change to ${places.venv}`,
    });
    expect(third?.found?.attacks).toEqual([]);
  });
});

describe('isolatePython', () => {
  it('isolates Python for a host without signatures, and for all that come later', async () => {
    const places = attackPlaces(python);
    const answers = await load(
      places,
      { options: { python, isolatePython: true } },
      { options: { python } },
      { options: { ...signed, python } },
    );

    expect(answers.map(({ found }) => [found?.isolated, found?.colors])).toEqual(Array(3).fill([1, null]));
  });
});

describe('fidius run', () => {
  it('isolates Python where it looks at signatures', async () => {
    const places = attackPlaces(python);
    const searchPath = tempFolder('signed');
    const path = writePlugin(searchPath, 'reporter', Greeter, ...reportingLines);
    await signPackage(path, { key });
    const keyFile = join(searchPath, 'acme.public');
    writeFileSync(keyFile, key.publicKey.bytes);
    const env = { ...places.env, XDG_CACHE_HOME: tempFolder('cache') };
    const call = (...options: readonly string[]) =>
      runFidius(['run', path, 'greet', '"World"', '--python', python, ...options], { cwd: places.cwd, env });

    const [isolated, other] = [call('--key', keyFile), call()];

    expect(isolated).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('\\"attacks\\": []') });
    expect(other.stdout).toContain('usercustomize of user site');
  });
});

/** The same, for a Python that is found on `PATH`. */
function withPythonOnPath(places: AttackedPlaces): AttackedPlaces {
  return { ...places, env: { ...places.env, PATH: `${dirname(python)}:${process.env['PATH']}` } };
}

function withoutUserSite(places: AttackedPlaces): AttackedPlaces {
  return { ...places, env: { ...places.env, PYTHONUSERBASE: tempFolder('empty') } };
}

/** A library with its standard library, and without an interpreter. */
function libraryAlone(): string {
  const { libpython = '', version = '' } = embeddablePythons().at(-1) ?? {};
  const folder = join(tempFolder('library'), 'lib');
  mkdirSync(folder);
  const library = join(folder, basename(libpython));
  cpSync(realpathSync(libpython), library);
  const standard = `python${version.split('.', 2).join('.')}`;
  symlinkSync(join(dirname(realpathSync(libpython)), standard), join(folder, standard));
  return library;
}
