import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync, type Format } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage, linkPackage, runInstalled } from '../support/installed-package.ts';
import { writePlugin } from '../support/plugin-folders.ts';

/** A project of a user, with the package installed as it is shipped. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-world-')));

const plugin = [
  'import atexit, os',
  "atexit.register(os.write, 2, b'Python has ended\\n')",
  'def greet(names):',
  "    if not names: raise ValueError('nobody to greet')",
  "    if names == ['slow']: __import__('time').sleep(0.5)",
  "    return ['Hello, ' + name for name in names]",
  'def flip(data): return data[::-1]',
];

/** What `useFidius()` of the project gives, as `main.js` prints it. */
const answers = `Hello, Ada
Hello, Alan
Hello, Ada
true
true
PluginError ValueError
PluginError ValueError
FidiusError FIDIUS_CALL_ABORTED
FidiusError FIDIUS_VALUE_ARGUMENT
FidiusError FIDIUS_PLUGIN_NOT_FOUND
`;

const pythonEnded = 'Python has ended\n';

/** In place of the five seconds that both runners allow: not every machine is fast and idle. */
const testTimeout = 60_000;

beforeAll(() => {
  installPackage(folder);
  for (const name of ['vitest', 'jest', '@jest', 'ava']) linkPackage(folder, name);
  cpSync(fileURLToPath(new URL('../fixtures/worlds', import.meta.url)), folder, { recursive: true });
  write('package.json', '{ "type": "module" }');
  const hash = BigInt(/0x\w+/.exec(runInstalled(folder, ['stub', 'program.js']).stdout)?.[0] ?? 0);
  writePlugin(join(folder, 'plugins'), 'greeter', { name: 'Greeter', version: 1, hash }, ...plugin);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('vitest', () => {
  function runVitest(options: object) {
    write(
      'vitest.config.js',
      `export default { test: ${JSON.stringify({ maxWorkers: 2, testTimeout, ...options })} };`,
    );
    const { exitCode, stdout } = run('node_modules/vitest/vitest.mjs', 'run');
    return { exitCode, stdout };
  }
  // Inlined, the library is loaded anew for each file, and after vi.resetModules().
  const server = { deps: { inline: ['fidius'] } };
  const passed = { exitCode: 0, stdout: expect.stringMatching(/Tests +2 passed/) };

  it.each(['forks', 'threads', 'vmForks', 'vmThreads'])('runs tests with the pool %s, and ends by itself', (pool) => {
    for (const file of ['first', 'second']) cpSync(join(folder, 'vitest-file.js'), join(folder, `${file}.vitest.js`));

    expect(runVitest({ include: ['*.vitest.js'], pool, server })).toEqual(passed);
  });

  it.each([
    ['forks', {}],
    ['threads', { server }],
    ['vmThreads', { server }],
  ])('runs tests that replace timers, clocks and microtasks with the pool %s', (pool, settings) => {
    expect(runVitest({ include: ['vitest-fake-timers.js'], pool, ...settings })).toEqual(passed);
  });
});

describe('jest', () => {
  function runJest(...args: readonly string[]) {
    for (const file of ['first', 'second']) cpSync(join(folder, 'jest-file.js'), join(folder, `${file}.jest.js`));
    return runJestWith({ testMatch: ['**/*.jest.js'] }, ...args);
  }

  function runJestWith(settings: object, ...args: readonly string[]) {
    const options = { transform: {}, testTimeout, ...settings };
    write('jest.config.js', `export default ${JSON.stringify(options)};`);
    return run('--experimental-vm-modules', 'node_modules/jest/bin/jest.js', ...args);
  }

  it('runs two files in one process, and Python ends with it, once', () => {
    const { exitCode, stderr } = runJest('--runInBand');

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/Tests: +2 passed/) });
    expect(stderr.split(pythonEnded)).toHaveLength(2);
  });

  it.each([
    ['by a test', {}],
    ['by the configuration', { fakeTimers: { enableGlobally: true } }],
  ])('runs tests whose timers, clocks and microtasks are replaced %s', (_, settings) => {
    const { exitCode, stderr } = runJestWith({ testMatch: ['**/jest-fake-timers.js'], ...settings });

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/Tests: +2 passed/) });
  });

  it('runs files that require() fidius, without a flag of Node', () => {
    for (const file of ['first', 'second']) {
      cpSync(join(folder, 'jest-commonjs.cjs'), join(folder, `${file}.commonjs.cjs`));
    }
    const options = { transform: {}, testTimeout, testMatch: ['**/*.commonjs.cjs'] };
    write('jest.config.js', `export default ${JSON.stringify(options)};`);
    const { exitCode, stderr } = run('node_modules/jest/bin/jest.js', '--runInBand');

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/Tests: +2 passed/) });
  });

  it('runs two files in worker threads', () => {
    const { exitCode, stderr } = runJest('--maxWorkers=2', '--workerThreads');

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/Tests: +2 passed/) });
  });
});

describe('ava', () => {
  function runAva(...args: readonly string[]) {
    const files = ['first.ava.js', 'second.ava.js', 'third.ava.js'];
    for (const file of files) cpSync(join(folder, 'ava-file.js'), join(folder, file));
    return run('node_modules/ava/entrypoints/cli.mjs', '--timeout=1m', ...args, ...files);
  }

  it('runs each file in a separate worker thread, one after the other', () => {
    const { exitCode, stdout, stderr } = runAva('--concurrency=1');

    expect({ exitCode, stdout, stderr }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/3 tests passed/),
    });
  });

  it('runs files side by side, in worker threads and in processes', () => {
    expect(runAva('--concurrency=2')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/3 tests passed/) });
    expect(runAva('--no-worker-threads')).toMatchObject({ exitCode: 0 });
  });
});

describe('esbuild', () => {
  /** Bundles the program of the project, for Node. */
  function bundle(format: Format, external: readonly string[]): string {
    const outfile = `${external.join('-')}.${format === 'cjs' ? 'cjs' : 'mjs'}`;
    const entry = join(folder, 'main.js');
    const options = { bundle: true, platform: 'node', logLevel: 'error' } as const;
    buildSync({ ...options, format, entryPoints: [entry], outfile: join(folder, outfile), external: [...external] });
    return outfile;
  }

  it.each(['esm', 'cjs'] as const)('makes a program as %s that runs, with fidius as external', (format) => {
    expect(run(bundle(format, ['fidius']))).toEqual({ exitCode: 0, stdout: answers, stderr: pythonEnded });
  });

  it.each(['esm', 'cjs'] as const)('makes a program as %s that says what to do, with fidius inside', (format) => {
    const { exitCode, stdout, stderr } = run(bundle(format, ['koffi']));

    expect(stdout).toMatch(/^FIDIUS_RUNTIME_MISSING: The Python files of fidius are not in .*\n/);
    expect(stdout).toContain('hint: Keep fidius out of the bundle: name it as external (esbuild: --external:fidius)');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});

describe('a program that uses koffi, too,', () => {
  it('is told to give it enough stack when it comes first, and runs when it does', () => {
    const { exitCode, stdout, stderr } = run('koffi-first.js');

    expect(stdout).toMatch(/^FIDIUS_KOFFI_CONFIGURED: koffi was used before fidius/);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const wanted = /koffi\.config\(\{ sync_stack_size: (\d+) \}\)/.exec(stdout)?.[1] ?? '';
    expect(run('koffi-first.js', wanted)).toEqual({ exitCode: 0, stdout: answers, stderr: pythonEnded });
  });
});

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

/** Runs Node in the project, with nothing of the settings of this process but which Python to use. */
function run(...args: readonly string[]): { exitCode: number | null; stdout: string; stderr: string } {
  const { PATH, FIDIUS_PYTHON } = process.env;
  const env = { PATH, CI: '1', NO_COLOR: '1', ...(FIDIUS_PYTHON === undefined ? {} : { FIDIUS_PYTHON }) };
  const options = { cwd: folder, env, encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  return { exitCode: status, stdout, stderr };
}
