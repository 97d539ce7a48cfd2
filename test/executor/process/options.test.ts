import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PluginHost } from '../../../src/index.ts';
import { loadProbe, openExecutor } from '../../support/executors.ts';
import { failureOf } from '../../support/failure.ts';
import { Greeter } from '../../support/greeter.ts';
import { outputOf } from '../../support/isolated.ts';
import { writeGreeter } from '../../support/plugin-folders.ts';
import { createVenv, isRunning, openProcess } from '../../support/processes.ts';
import { findPythons } from '../../support/pythons.ts';
import { tempFolder } from '../../support/temp-folder.ts';

describe('the executor process', () => {
  it('loads neither koffi nor a library of Python into this process', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    const { executable, version } = findPythons()[0] as { executable: string; version: string };

    const { stdout } = await outputOf('without-koffi.ts', { args: [folder, 'greeter', executable] });

    expect(JSON.parse(stdout)).toEqual({ answer: 'Hello, Ada', version, native: false });
  });

  it('refuses `sync` by name, with the reason', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    await using host = await PluginHost.open({ searchPaths: [folder], executor: 'process' });
    const plugin = await host.load('greeter', Greeter);

    const error = await failureOf(() => plugin.sync.greet('Ada'));

    expect(error).toMatchObject({
      code: 'FIDIUS_CALL_SYNC',
      message:
        'Plugin greeter runs in another process and cannot be called on this thread: Node.js cannot wait for an answer without its event loop',
    });
  });

  it('refuses its options for another executor', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    await using host = await PluginHost.open({ searchPaths: [folder], executor: 'thread' });

    const error = await failureOf(() => host.load('greeter', Greeter, { process: { group: 'a' } }));

    expect(error).toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
      hint: expect.stringContaining('executor: "process"'),
    });
  });

  it.each([
    [{ interpreter: 'python3' }, 'FIDIUS_OPTION_UNKNOWN', 'Unknown option "interpreter" in process'],
    [{ python: '' }, 'FIDIUS_OPTION_INVALID', 'process.python must be a non-empty string, got ""'],
    [{ env: { SECRET: 7 } }, 'FIDIUS_OPTION_INVALID', 'process.env.SECRET must be a string, got a number'],
    [{ env: ['A=1'] }, 'FIDIUS_OPTION_INVALID', 'process.env must be an object, got an array of 1'],
    [{ umask: 0o1000 }, 'FIDIUS_OPTION_INVALID', 'process.umask must be a whole number from 0 to 511, got 512'],
    [{ instances: 0 }, 'FIDIUS_OPTION_INVALID', 'process.instances must be a whole number from 1 to 256, got 0'],
    [{ limits: { memory: 1 } }, 'FIDIUS_OPTION_UNKNOWN', 'Unknown option "memory" in process.limits'],
    [{ restart: { maxCrashes: 0 } }, 'FIDIUS_OPTION_INVALID', 'process.restart.maxCrashes must be a whole number'],
    [{ refuseAfterCrashes: 0 }, 'FIDIUS_OPTION_INVALID', 'process.refuseAfterCrashes must be a whole number from 1'],
    [{ whileRestarting: 'drop' }, 'FIDIUS_OPTION_INVALID', 'must be "wait" or "refuse", got "drop"'],
    [{ group: 'a', instances: 2 }, 'FIDIUS_OPTION_INVALID', 'cannot be used together with process.group'],
  ])('refuses %j', async (process, code, message) => {
    const error = await failureOf(() => PluginHost.open({ executor: 'process', process: process as object }));

    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});

describe('the option python', () => {
  const pythons = findPythons();

  it.runIf(pythons.length > 1)('runs plugins of one host with different versions of Python', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    await using host = await PluginHost.open({ searchPaths: [folder], executor: 'process' });

    const plugins = await Promise.all(
      pythons.map(({ executable }) => host.load('greeter', Greeter, { process: { python: executable } })),
    );

    expect(plugins.map(({ info }) => info.pythonVersion)).toEqual(pythons.map(({ version }) => version));
    expect(await Promise.all(plugins.map(({ client }) => client.greet('you')))).toEqual(
      pythons.map(() => 'Hello, you'),
    );
  });

  it('takes a version', async () => {
    const { version } = pythons.at(-1) as { version: string };
    const minor = version.split('.').slice(0, 2).join('.');

    const { call } = await openProcess({ python: minor });

    expect(await call('run', ['result = "%d.%d" % sys.version_info[:2]'])).toBe(minor);
  });

  it('names the places where a version was looked for', async () => {
    const error = await failureOf(() => openProcess({ python: '3.99' }));

    expect(error).toMatchObject({ code: 'FIDIUS_PYTHON_NOT_FOUND', message: 'Python 3.99 was not found' });
  });
});

describe('the environment of a process', () => {
  it('is a few variables of this process and those that are given', async () => {
    process.env['FIDIUS_TEST_SECRET'] = 'secret';
    onTestFinished(() => void delete process.env['FIDIUS_TEST_SECRET']);
    const { call } = await openProcess({ env: { GIVEN: 'given', TMPDIR: undefined } });

    const names = (await call('run', ['result = sorted(os.environ)'])) as string[];

    expect(names).toEqual(expect.arrayContaining(['GIVEN', 'PATH']));
    expect(names).not.toContain('FIDIUS_TEST_SECRET');
    expect(names).not.toContain('TMPDIR');
  });

  it('has its own working folder and umask', async () => {
    const cwd = realpathSync(tempFolder());
    const { call } = await openProcess({ cwd, umask: 0o077 });

    expect(await call('run', ['result = [os.getcwd(), os.umask(0o022)]'])).toEqual([cwd, 0o077]);
  });

  it('uses the virtual environment that python names', async () => {
    const { folder, sitePackages } = createVenv();
    writeFileSync(join(sitePackages, 'only_in_this_environment.py'), 'value = 7');
    const { call } = await openProcess({ python: folder });

    expect(await call('run', ['import only_in_this_environment; result = only_in_this_environment.value'])).toBe(7);
  });
});

it('lets processes that a plugin forks end by SIGTERM, as multiprocessing ends its workers', async () => {
  const { call } = await openProcess();

  const status = await call('run', [
    [
      'result = set()',
      'for _ in range(20):',
      '    pid = os.fork()',
      '    if pid == 0:',
      '        while True: time.sleep(0.01)',
      '    os.kill(pid, signal.SIGTERM)',
      '    result.add(os.WTERMSIG(os.waitpid(pid, 0)[1]))',
      'result = list(result)',
    ].join('\n'),
  ]);

  expect(status).toEqual([15]);
});

describe.runIf(process.platform === 'linux')('limits of a process', () => {
  it('turn an allocation beyond memoryBytes into a MemoryError', async () => {
    const { call } = await openProcess({ limits: { memoryBytes: 512 << 20 } });

    await expect(call('run', ['bytes(1 << 30)'])).rejects.toMatchObject({ code: 'MemoryError' });
    expect(await call('add', [1, 2])).toBe(3);
  });

  it('end a process that uses more than cpuSeconds', async () => {
    const { call } = await openProcess({ limits: { cpuSeconds: 1 }, restart: false });

    const error = await failureOf(() => call('spin'));

    expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_EXITED', signal: 'SIGXCPU' });
  });

  it('hold for open files and the size of files', async () => {
    const file = join(tempFolder(), 'large');
    const { call } = await openProcess({ limits: { openFiles: 40, fileBytes: 1000 } });

    const many = call('run', ['files = [open(os.devnull) for _ in range(60)]']);
    await expect(many).rejects.toThrow('Too many open files');
    const large = call('run', [`f = open(${JSON.stringify(file)}, "wb", 0)\nf.write(bytes(1000))\nf.write(b"x")`]);
    await expect(large).rejects.toThrow('File too large');
    expect(readFileSync(file)).toHaveLength(1000);
  });

  it.runIf(process.getuid?.() !== 0)('cannot be raised', async () => {
    const { call } = await openProcess({ limits: { openFiles: 40 } });

    const raised = call('run', ['import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))']);

    await expect(raised).rejects.toMatchObject({ code: expect.stringMatching(/ValueError|PermissionError/) });
  });
});

describe('a group', () => {
  it('shares one process, which ends with its last plugin', async () => {
    const executor = openExecutor('process', { process: { group: 'shared' } });
    const load = (name: string) =>
      loadProbe(executor, { name, methods: ['pid(): any'], lines: ['import os', 'def pid(): return os.getpid()'] });
    const [one, two] = [await load('one'), await load('two')];
    const pid = (await one.call('pid')) as number;

    expect(await two.call('pid')).toBe(pid);
    await one.plugin.close();
    expect(await two.call('pid')).toBe(pid);
    await two.plugin.close();
    expect(await isRunning(pid)).toBe(false);
    const three = await load('three');
    expect(await three.call('pid')).not.toBe(pid);
  });

  it('is loaded again as a whole when its process crashes', async () => {
    const executor = openExecutor('process', {
      onOutput: () => {},
      onNotice: () => {},
      process: { group: 'shared', restart: { delayMs: 1 } },
    });
    const load = (name: string) =>
      loadProbe(executor, {
        name,
        methods: ['pid(): any', 'die(): any'],
        lines: ['import os', 'def pid(): return os.getpid()', 'def die(): os._exit(1)'],
      });
    const [one, two] = [await load('one'), await load('two')];
    const before = await two.call('pid');

    await failureOf(() => one.call('die'));

    const pids = await Promise.all([one.call('pid'), two.call('pid')]);
    expect(pids[0]).toBe(pids[1]);
    expect(pids[0]).not.toBe(before);
  });
});

describe('instances', () => {
  it('are processes over which calls are distributed', async () => {
    const { call, plugin } = await openProcess({ instances: 3 });

    const pids = (await Promise.all([1, 2, 3].map(() => call('pid')))) as number[];

    const processes = plugin.stats().processes ?? [];
    expect(new Set(pids).size).toBe(3);
    expect(processes.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
    expect(new Set(processes.map(({ pid }) => pid))).toEqual(new Set(pids));
  });

  it('leave calls to the others while one is busy or ended', async () => {
    const { call, plugin } = await openProcess({ instances: 2, restart: { delayMs: 600_000, maxDelayMs: 600_000 } });
    const napping = failureOf(() => call('nap', [60]));
    const other = await call('pid');

    expect(await Promise.all([call('pid'), call('pid')])).toEqual([other, other]);
    const busy = plugin.stats().processes?.find(({ pid }) => pid !== other)?.pid as number;
    process.kill(busy, 'SIGKILL');
    expect(await napping).toMatchObject({ code: 'FIDIUS_PROCESS_EXITED', pid: busy });

    expect(await Promise.all([call('pid'), call('pid'), call('pid')])).toEqual([other, other, other]);
  });
});

describe('stats', () => {
  it.runIf(process.platform === 'linux')('have memory and processor time of the process', async () => {
    const { call, state } = await openProcess();

    await call('run', [
      'kept = bytes(1); deadline = time.process_time() + 0.05\nwhile time.process_time() < deadline: pass',
    ]);

    expect(state()).toMatchObject({ state: 'ready', restarts: 0, crashes: 0 });
    expect(state().memoryBytes).toBeGreaterThan(5 << 20);
    expect(state().cpuMs).toBeGreaterThanOrEqual(40);
  });
});
