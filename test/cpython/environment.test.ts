import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type IsolatedOptions, type Outcome, outputOf } from '../support/isolated.ts';
import { observe } from '../support/observer.ts';
import { embeddablePythons } from '../support/pythons.ts';
import { tempFolder } from '../support/temp-folder.ts';

const python = embeddablePythons().at(-1)?.executable ?? 'python3';

/** Starts Python with these options and environment, and gives what the program printed last. */
async function start(options: object, isolated: IsolatedOptions = {}): Promise<Outcome & { facts: Facts }> {
  const outcome = await outputOf('start.ts', { args: [JSON.stringify(options)], ...isolated });
  return { ...outcome, facts: JSON.parse(outcome.stdout.trim().split('\n').at(-1) ?? '') as Facts };
}

interface Facts {
  readonly executable: string;
  readonly prefix: string;
  readonly spawned: string;
  readonly utf8: number;
  readonly no_site: number;
  readonly encoding: string;
  readonly file_system: string;
  readonly argv: string[];
  readonly dont_write_bytecode: boolean;
}

/** What a process needs in order to start at all. */
const bare = { PATH: process.env['PATH'] ?? '' };

describe.concurrent('Python in a host', () => {
  it.each([
    ['an empty environment', {}],
    ['no locale', bare],
    ['the POSIX locale', { ...bare, LC_ALL: 'POSIX' }],
    ['a locale that is not installed', { ...bare, LANG: 'xx_XX.UTF-8' }],
    ['PYTHONUTF8=0', { ...bare, PYTHONUTF8: '0' }],
  ])('speaks UTF-8 in %s', async (_what, env) => {
    const { stdout, facts } = await start({ python }, { env });

    expect(stdout).toContain('grüße 🐍\n');
    expect(facts).toMatchObject({ utf8: 1, encoding: 'utf-8', file_system: 'utf-8' });
  });

  it.each([
    ['PYTHONHOME', '/nowhere'],
    ['PYTHONPATH', '/nowhere'],
    ['PYTHONSTARTUP', '/nowhere/start.py'],
    ['PYTHONINSPECT', '1'],
    ['PYTHONMALLOC', 'debug'],
  ])('does not care about %s=%s', async (name, value) => {
    const { facts } = await start({ python }, { env: { ...process.env, [name]: value } });

    expect(facts).toMatchObject({ utf8: 1, no_site: 0, argv: [''], dont_write_bytecode: true });
  });
});

describe('Python of a host', () => {
  it('is the interpreter of the virtual environment that was asked for, for its children too', async () => {
    const folder = join(tempFolder('ein Ordner – 文件夹 '), 'venv');
    execFileSync(python, ['-m', 'venv', '--without-pip', folder]);

    const { facts } = await start({ python: join(folder, 'bin', 'python3') });

    expect(facts).toMatchObject({ prefix: folder, spawned: folder });
    expect(facts.executable.startsWith(folder)).toBe(true);
  });

  it('is found through a link in a folder with a space and other scripts', async () => {
    const link = join(tempFolder('ein Ordner – 文件夹 '), 'python3');
    symlinkSync(python, link);

    const { facts } = await start({ python: link }, { env: bare });

    expect(facts.utf8).toBe(1);
  });

  it('starts with a home folder that is not writable', async () => {
    const { facts } = await start({ python }, { env: { ...bare, HOME: '/proc' } });

    expect(facts.utf8).toBe(1);
  });

  it('runs from a folder whose name is not ASCII, where nothing of it is importable by accident', async () => {
    const cwd = tempFolder('ein Ordner – 文件夹 ');

    const { facts } = await start({ python }, { cwd });

    expect(facts.argv).toEqual(['']);
  });
});

describe('what belongs to the process', () => {
  it('is shared with Python: environment, working folder, umask', async () => {
    const { stdout } = await outputOf('environment.ts', { env: { ...process.env, REMOVED_BEFORE: 'x', EMPTY: '' } });

    expect(JSON.parse(stdout)).toEqual({
      // `os.environ` is a copy of the time when Python was started.
      sameAsInNode: true,
      setBefore: 'früher',
      removedBefore: null,
      setAfter: null,
      // Since 3.13, `subprocess` gives children `os.environ`; before, what the process has.
      setAfterInChild: expect.toBeOneOf(['später', '']),
      setByPlugin: 'hier',
      // Node asks once where it is; files it finds where the process is now.
      cwdOfNodeIsStale: true,
      filesAreThoseOfTheNewFolder: true,
      cwdOfPythonFollows: true,
      umaskOfPlugin: 0o077,
    });
  });
});

it('keeps byte-code of the modules of the library for the next start, but not of plugins', async () => {
  const byteCodeOf = async (module: string) =>
    (await observe('evaluate', `__import__("sys").modules["${module}"].__spec__.cached`)) as string;

  expect(existsSync(await byteCodeOf('fidius_host.host_api'))).toBe(true);
  expect(existsSync(await byteCodeOf('fidius_test_observer'))).toBe(false);
});
