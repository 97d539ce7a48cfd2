import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage } from '../support/installed-package.ts';
import { writeGreeter, writePackage } from '../support/plugin-folders.ts';
import { embeddablePythons } from '../support/pythons.ts';

/** A project of a user, with the package installed as it is shipped. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-launch-')));
const programs = new URL('../fixtures/launches', import.meta.url);

/** Text that does not compress below the size from which worker threads are used. */
const noise = Array.from({ length: 400_000 }, (_, at) => ((at * 2_654_435_761) ^ (at >>> 3)).toString(36)).join('');

beforeAll(() => {
  installPackage(folder);
  cpSync(programs, folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeGreeter(join(folder, 'plugins'), 'greeter');
  writePackage({ name: 'big', folder: join(folder, 'big'), files: { 'probe_main.py': '', 'data.txt': noise } });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const packed = '{"name":"big","found":1,"same":true}\n';

describe('worker threads of the library', () => {
  it('start in a program that is read from standard input', () => {
    const input = readFileSync(join(folder, 'packages.js'));

    expect(run(['--input-type=module', '-'], { input })).toEqual({ exitCode: 0, stdout: packed, stderr: '' });
  });

  it('run nothing that the program has Node run first, and get nothing of its environment', () => {
    const preload = pathToFileURL(join(folder, 'preload.mjs')).href;
    const env = { NODE_OPTIONS: `--require=${join(folder, 'preload.cjs')}`, HUGE: 'x'.repeat(100_000) };

    expect(run(['--import', preload, 'packages.js'], { env })).toEqual({
      exitCode: 0,
      stdout: packed,
      stderr: 'required\npreloaded\n',
    });
  });
});

describe('a process with a list of permissions', () => {
  /** Node.js 20 has only the first name, and Node.js 26 only the second. */
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const restricted = ['--no-warnings', permission, '--allow-fs-read=*', '--allow-fs-write=*'];

  /** Node.js 25 introduced it. */
  const network = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : [];

  it.runIf(network.length > 0)('is told by the executor thread to permit sockets', () => {
    expect(run([...restricted, '--allow-addons', '--allow-child-process', 'load.js']).stdout).toMatch(
      /^FIDIUS_PYTHON_PERMISSION: Python cannot be started: this process lacks --allow-net\n/,
    );
  });

  it('packs, verifies, unpacks and discovers without native code, threads and other processes', () => {
    expect(run([...restricted, 'packages.js'])).toEqual({ exitCode: 0, stdout: packed, stderr: '' });
  });

  it('is told by a load which flag is missing', () => {
    const { exitCode, stdout } = run([...restricted, 'load.js']);

    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^FIDIUS_PYTHON_PERMISSION: Python cannot be started: this process lacks --allow-addons\nhint: Add the flags/,
    );
  });

  it.runIf(process.platform === 'linux')(
    'receives all missing permissions at once, including files that it may not read',
    () => {
      // What the package depends on are links into this project.
      const dependencies = fileURLToPath(new URL('../../node_modules/*', import.meta.url));
      const reading = [`--allow-fs-read=${folder}/*`, `--allow-fs-read=${dependencies}`];
      const { stdout } = run(['--no-warnings', permission, ...reading, 'load.js']);

      const flags = '--allow-addons --allow-fs-read=/proc/self/*';
      expect(stdout).toContain(`FIDIUS_PYTHON_PERMISSION: Python cannot be started: this process lacks ${flags}\n`);
    },
  );

  it('is told that it may start no process, where an interpreter has to be asked', () => {
    const shim = join(folder, 'shim');
    writeFileSync(shim, `#!/bin/sh\nexec ${embeddablePythons()[0]?.executable} "$@"\n`, { mode: 0o755 });
    const { stdout } = run([...restricted, '--allow-addons', 'load.js'], { env: { FIDIUS_PYTHON: shim } });

    expect(stdout).toContain(
      'FIDIUS_PYTHON_PERMISSION: Python cannot be started: this process lacks --allow-child-process\n',
    );
  });

  it('loads with the flags, and needs fewer when it names the library', () => {
    const [python] = embeddablePythons();
    const flags = [...restricted, '--allow-addons', ...network];

    expect(run([...flags, '--allow-child-process', 'load.js']).stdout).toBe('Hello, Ada\n');
    expect(run([...flags, 'load.js', python?.libpython ?? '']).stdout).toBe('Hello, Ada\n');
  });
});

it('is told that the flag --no-addons keeps Python from starting', () => {
  const { stdout } = run(['--no-addons', 'load.js']);

  expect(stdout).toMatch(
    /^FIDIUS_PYTHON_PERMISSION: .* because of --no-addons\nhint: Start node without that flag\.\n/,
  );
});

describe('two copies of the library in one process', () => {
  beforeAll(() => {
    for (const [name, version] of [['same'], ['other', '99.0.0']] as const) addCopy(name, version);
  });

  it.each([
    ['main:.', 'main:same'],
    ['main:.', 'worker:same'],
    ['worker:.', 'worker:same', 'main:same'],
  ])('share Python when they are of one version: %s, then %s', (...threads) => {
    const { exitCode, stdout, stderr } = run(['two-copies.mjs', ...threads]);

    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: 'Hello, Ada\n'.repeat(threads.length),
      stderr: '',
    });
  });

  it.each([
    ['main:.', 'main:other'],
    ['main:.', 'worker:other'],
    ['worker:.', 'main:other'],
  ])('are refused when they are of two: %s, then %s, and the first goes on', (first, second) => {
    const env = { TEST_EXECUTOR: 'thread' };
    const { exitCode, stdout } = run(['two-copies.mjs', first, second, 'worker:.'], { env });

    const { version } = JSON.parse(readFileSync(join(folder, 'node_modules/fidius/package.json'), 'utf8'));
    const inCopy = (place: string) => join(folder, place, 'node_modules/fidius');
    expect({ exitCode, lines: stdout.trimEnd().split('\n') }).toEqual({
      exitCode: 0,
      lines: [
        'Hello, Ada',
        `FIDIUS_PYTHON_OTHER_VERSION: fidius ${version} in ${inCopy('')} has started Python in this process, and fidius 99.0.0 in ${inCopy('other')} cannot share it`,
        'hint: Install one version for the whole program (`npm ls fidius`), or use the other one in a process of its own.',
        'Hello, Ada',
      ],
    });
  });
});

/** A folder with a copy of the library, and the program that uses it. */
function addCopy(name: string, version?: string): void {
  const modules = join(folder, name, 'node_modules');
  cpSync(join(folder, 'node_modules'), modules, { recursive: true, verbatimSymlinks: true });
  cpSync(join(folder, 'load.js'), join(folder, name, 'load.js'));
  if (version === undefined) return;
  const file = join(modules, 'fidius/package.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version }));
}

interface Settings {
  readonly input?: Buffer;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs Node in the project, with nothing of the settings of this process but which Python to use. */
function run(args: readonly string[], { input, env }: Settings = {}) {
  const { PATH, FIDIUS_PYTHON } = process.env;
  for (const left of ['big.fid', 'unpacked']) rmSync(join(folder, left), { recursive: true, force: true });
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env: { PATH, ...(FIDIUS_PYTHON === undefined ? {} : { FIDIUS_PYTHON }), ...env },
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
    ...(input && { input }),
  });
  return { exitCode: status, stdout, stderr };
}
