import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fidiusIn } from '../support/cli-here.ts';
import { staticAnswer, writeAnsweringPython, writeProgram } from '../support/fake-python.ts';
import { embeddablePythons } from '../support/pythons.ts';
import { fidius, runFidius } from '../support/run-fidius.ts';
import { tempFolder } from '../support/temp-folder.ts';

const pythons = embeddablePythons();
const python = pythons.at(-1) ?? expect.fail('no CPython with a shared library on this machine');

interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The fields of the report that tests read. */
interface Report {
  readonly usable: boolean;
  readonly python?: { readonly sitePackages: readonly string[] };
  readonly standalone?: { readonly openssl: unknown; readonly zlib: unknown; readonly missing: unknown };
  readonly embedded?: { readonly version: string };
  readonly executors: unknown;
  readonly problems: readonly { readonly severity: string }[];
}

/** Runs the command in this process. The Python that it checks runs in a process of its own, as for a user. */
async function doctor(
  argv: readonly string[],
  { cwd = process.cwd(), env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  return fidiusIn(cwd, ['doctor', ...argv], { env, self: fidius });
}

describe.each(pythons)('fidius doctor with CPython $version', ({ executable, version, libpython }) => {
  it('reports as JSON that it works', async () => {
    const outcome = await doctor(['--json', '--python', executable]);

    const record = recordOf(outcome);
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(record.usable).toBe(true);
    expect(record.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(record.python).toMatchObject({ executable, libpython, version: record.embedded?.version });
    expect(version.startsWith(record.embedded?.version ?? '?')).toBe(true);
    expect(record.executors).toEqual({
      inline: { available: true, reason: `${libpython} works` },
      thread: { available: true, reason: `${libpython} works` },
      process: { available: true, reason: `${executable} is Python ${record.embedded?.version}` },
      auto: { chosen: 'thread', reason: 'Python works in this process' },
    });
    expect(record.embedded).toMatchObject({
      executable,
      openssl: record.standalone?.openssl,
      zlib: record.standalone?.zlib,
      locale: { filesystemEncoding: 'utf-8', utf8Mode: true },
      missing: record.standalone?.missing,
      stack: { bytes: 16 * 1024 * 1024, protection: Number(version.split('.')[1]) < 14 ? 'not needed' : 'set' },
    });
  });
});

describe('fidius doctor', () => {
  it('prints facts, searched places and a verdict as text', () => {
    const { exitCode, stdout, stderr } = runFidius(['doctor', '--python', python.executable], { env: {} });

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^fidius \S+ on Node\.js \S+ \(\w+ \w+(, glibc \S+)?\)\n\nPython\n/);
    expect(stdout).toContain(`\n  library      ${python.libpython}\n`);
    expect(stdout).toContain('\nInside Node.js\n');
    expect(stdout).toContain(`\n  option python     ${python.executable}: used\n`);
    expect(stdout).toMatch(/\n\nPython works here\.\n$/);
  });

  it('finds the virtual environment of the current folder', async () => {
    const cwd = tempFolder('with space и');
    execFileSync(python.executable, ['-m', 'venv', '--without-pip', join(cwd, '.venv')]);

    const outcome = await doctor(['--json'], { cwd, env: {} });

    const venv = '<here>/.venv';
    expect(recordOf(outcome)).toMatchObject({
      usable: true,
      problems: [],
      python: { foundBy: '.venv', prefix: venv },
      embedded: { prefix: venv, executable: join(venv, 'bin', 'python') },
    });
  });

  it('ignores the output of Python itself', async () => {
    const cwd = tempFolder();
    const venv = join(cwd, '.venv');
    execFileSync(python.executable, ['-m', 'venv', '--without-pip', venv]);
    const { sitePackages = [] } = recordOf(await doctor(['--json'], { cwd, env: {} })).python ?? {};
    writeFileSync(
      join((sitePackages[0] ?? '').replace('<here>', cwd), 'loud.pth'),
      "import atexit; print('hello'); atexit.register(print, 'bye')\n",
    );

    const outcome = await doctor(['--json'], { cwd, env: {} });

    expect(recordOf(outcome).usable).toBe(true);
  });

  it('reports a Python that kills the process', async () => {
    const cwd = tempFolder();
    const venv = join(cwd, '.venv');
    execFileSync(python.executable, ['-m', 'venv', '--without-pip', venv]);
    const { sitePackages = [] } = recordOf(await doctor(['--json'], { cwd, env: {} })).python ?? {};
    writeFileSync(
      join((sitePackages[0] ?? '').replace('<here>', cwd), 'deadly.pth'),
      'import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n',
    );

    const outcome = await doctor(['--json'], { cwd, env: {} });

    const record = recordOf(outcome);
    expect(outcome.exitCode).toBe(1);
    expect(record).toMatchObject({ usable: false, embedded: null });
    expect(record.problems).toContainEqual({
      severity: 'error',
      message: 'Starting Python inside Node.js crashed with SIGKILL',
      hint: 'Use another Python.',
    });
  });

  it('exits with 1 and a hint if there is no usable Python', async () => {
    const fake = writeAnsweringPython(join(tempFolder(), 'python3'), staticAnswer);

    const { exitCode, stdout, stderr } = await doctor(['--python', fake], { env: {} });

    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(stdout).toContain(
      `error: Cannot use the Python of option python: ${fake} is Python 3.11.7 without its shared library`,
    );
    expect(stdout).toContain('\nhint: Build Python 3.11 with `--enable-shared`');
    expect(stdout).toMatch(/\n\nPython does not work here\.\n$/);
  });

  it('reports that a Python without shared library runs plugins in child processes', async () => {
    const folder = tempFolder();
    const { executable } = python;
    // Answers the search as a static Python does, and is a real one otherwise.
    const answer = JSON.stringify({ ...staticAnswer, executable: join(folder, 'python3') });
    const path = writeProgram(
      join(folder, 'python3'),
      `case "$*" in *doctor.py*) exec ${executable} "$@";; *) printf '%s\\n' '${answer}';; esac`,
    );

    const outcome = await doctor(['--json', '--python', path], { env: {} });
    const text = await doctor(['--python', path], { env: {} });

    const record = recordOf(outcome);
    expect(outcome.exitCode).toBe(0);
    expect(record).toMatchObject({
      usable: true,
      executors: {
        inline: { available: false, reason: expect.stringContaining('without its shared library') },
        thread: { available: false },
        process: { available: true, reason: expect.stringMatching(`^${path} is Python 3`) },
        auto: { chosen: 'process', reason: expect.stringContaining('without its shared library') },
      },
      problems: [{ severity: 'warning', code: 'FIDIUS_PYTHON_STATIC' }],
    });
    expect(text.stdout).toMatch(/\n {2}auto {5}process: Cannot use the Python of option python/);
    expect(text.stdout).toMatch(/\n\nPython works in child processes\.\n$/);
  });

  it('prints code, hint and all searched places as JSON', async () => {
    const fake = writeProgram(join(tempFolder(), 'python3'), 'exit 9');

    const outcome = await doctor(['--json', '--python', fake], { env: {} });

    expect(outcome.exitCode).toBe(1);
    expect(recordOf(outcome)).toMatchObject({
      usable: false,
      attempts: [
        { locator: 'option libpython', looked: '', outcome: 'not given' },
        { locator: 'option python', looked: fake, outcome: 'ended with exit code 9 when asked for its version' },
      ],
      problems: [
        { severity: 'error', code: 'FIDIUS_PYTHON_NO_ANSWER', hint: `Run \`${fake} -V\` to see what is there.` },
      ],
    });
  });

  it('prints the names of variables without effect, and never their values', async () => {
    const { exitCode, stdout } = await doctor(['--python', python.executable], {
      env: { PYTHONPATH: '/secret/place' },
    });

    expect(exitCode).toBe(0);
    expect(stdout).toContain('warning: PYTHONPATH is set but has no effect: the host ignores variables of Python');
    expect(stdout).not.toContain('/secret/place');
  });

  it('reports a library that cannot be loaded', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'lib'));
    const broken = join(folder, 'lib', 'libpython.so');
    copyFileSync(python.libpython, broken);
    execFileSync('truncate', ['--size', '200000', broken]);

    const outcome = await doctor(['--json', '--python', python.executable, '--libpython', broken], { env: {} });

    expect(outcome.exitCode).toBe(1);
    expect(recordOf(outcome).problems[0]).toMatchObject({ severity: 'error', code: 'FIDIUS_LIBPYTHON_INVALID' });
  });
});

function recordOf({ stdout, stderr }: Outcome): Report {
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Report;
}
