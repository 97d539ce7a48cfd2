import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type HostNotice } from '../../../src/host/events/host-notice.ts';
import { executorNames } from '../../../src/index.ts';
import { eventually, uncaughtDuring } from '../../support/eventually.ts';
import { outputOf } from '../../support/isolated.ts';
import { loadProbe, openExecutor } from '../support/executors.ts';

const lines = [
  'import locale, multiprocessing, os, subprocess, sys',
  'def evaluate(source): return eval(source)',
  'def execute(source): exec(source, globals())',
  'def forked():',
  '    child = os.fork()',
  '    if child == 0: return "in the child"',
  '    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])',
  'async def forked_later(): return forked()',
  'def square(x): return x * x',
  'def pooled():',
  '    with multiprocessing.get_context("fork").Pool(2) as pool: return pool.map(square, range(5))',
  'def spawned(): return subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True).stdout',
  'if not hasattr(os, "waitstatus_to_exitcode"):',
  '    os.waitstatus_to_exitcode = os.WEXITSTATUS',
];
const threadsReplaced = 'a plugin replaced the threads of Python for the whole process, as gevent and eventlet do';
const serverGaveUp = `FIDIUS_EXECUTOR_FAILED: The call server failed: ${threadsReplaced}`;
/** The same as the error of a call. */
const gaveUpOn = (method: string) => serverGaveUp.replace(': ', `: ${method}() of calls: `);
const methods = ['evaluate', 'execute', 'forked', 'pooled', 'spawned'];

describe.each(executorNames)('a plugin with the executor %s', (name) => {
  it('sees the environment of the program', async () => {
    const { call } = await loadProbe(openExecutor(name), { methods, lines });

    expect(await call('evaluate', ['os.environ["PATH"]'])).toBe(process.env['PATH']);
    expect((await call('evaluate', ['os.getpid()'])) === process.pid).toBe(name !== 'process');
  });

  it('can start processes', async () => {
    const { call } = await loadProbe(openExecutor(name), { methods, lines });

    expect(Buffer.from((await call('spawned')) as Uint8Array).toString()).toBe('42\n');
    expect(await call('pooled')).toEqual([0, 1, 4, 9, 16]);
  });
});

describe('what plugins change for the whole process', () => {
  it.each([
    ['workingFolder', `os.chdir(${JSON.stringify(tmpdir())})`, `os.chdir(${JSON.stringify(process.cwd())})`],
    ['umask', 'os.umask(0o077)', 'os.umask(0o022)'],
    ['locale', 'locale.setlocale(locale.LC_ALL, "C.UTF-8")', 'locale.setlocale(locale.LC_ALL, "C")'],
  ])('is reported: the %s', async (kind, change, restore) => {
    const notices: HostNotice[] = [];
    const executor = openExecutor('thread', { onNotice: (notice) => void notices.push(notice) });
    const { call } = await loadProbe(executor, { methods, lines });
    await call('execute', [restore]);
    // The server looks for changes when it comes to rest, and tells nothing where it finds none.
    await new Promise((resolve) => setTimeout(resolve, 300));
    notices.length = 0;

    await call('execute', [change]);
    await eventually(() => notices.length > 0, 'the notice');

    expect(notices).toEqual([expect.objectContaining({ kind, plugins: ['probe'] })]);
    expect(notices[0]?.message).toMatch(
      new RegExp(`^Plugin probe changed the ${kind.replace('F', ' f')} of the whole process from .* to `),
    );
    await call('execute', [restore]);
  });

  it.each(executorNames)(
    'is reported with the executor %s to a listener that throws, and harms nothing',
    async (name) => {
      const errors = await uncaughtDuring(async (isThere) => {
        const executor = openExecutor(name, {
          onNotice: () => {
            throw new Error('listener');
          },
        });
        const { call } = await loadProbe(executor, { methods, lines: [...lines, 'os.umask(0o077)'] });
        await isThere();

        expect(await call('evaluate', ['os.umask(0o022)'])).toBe(0o077);
        await executor.close();
      });

      expect(errors.map(({ message }) => message)).toContain('listener');
    },
  );

  it('is reported: handlers of signals, which only code on the main thread can install', async () => {
    const notices: HostNotice[] = [];
    const executor = openExecutor('inline', { onNotice: (notice) => void notices.push(notice) });

    await loadProbe(executor, {
      methods: [],
      lines: ['import signal', 'signal.signal(signal.SIGUSR2, lambda *_: None)'],
    });

    const messages = notices.filter(({ kind }) => kind === 'signalHandlers').map(({ message }) => message);
    expect(messages).toEqual(['Plugin probe changed the signal handlers of the whole process from [] to [SIGUSR2]']);
  });

  it('is not reported when the program itself changed its working folder', async () => {
    const notices: HostNotice[] = [];
    const executor = openExecutor('thread', { onNotice: (notice) => void notices.push(notice) });
    const { call } = await loadProbe(executor, { methods, lines });
    const before = process.cwd();

    process.chdir(tmpdir());
    await call('evaluate', ['1']);
    // The same: it is to find nothing.
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.chdir(before);

    expect(notices.filter(({ kind }) => kind === 'workingFolder')).toEqual([]);
  });

  it.each([
    ['inline', 'done'],
    ['thread', serverGaveUp],
  ])(
    'ends the executor `thread` when it is the threads, replaced by a plugin with the executor %s',
    async (name, loading) => {
      const { stdout } = await outputOf('replace-threads.ts', { args: [name] });

      expect(stdout.trimEnd().split('\n')).toEqual([
        'notice: Plugin replacer changed the threads of the whole process from "_thread" to "fidius_test_replacer"',
        `loading: ${loading}`,
        `later: ${gaveUpOn('nap')}`,
        `under way: ${gaveUpOn('nap')}`,
        `another executor: FIDIUS_EXECUTOR_FAILED: The call server could not start: ${threadsReplaced}`,
        'descriptors: closed',
      ]);
    },
    90_000,
  );

  it('becomes a warning of the process without a listener', async () => {
    const { stderr } = await outputOf('change-folder.ts', { timeoutMs: 60_000 });

    expect(stderr).toContain('FidiusWarning: Plugin changer changed the working folder of the whole process from ');
    expect(stderr).toContain('hint: Have the plugin use absolute paths');
  }, 90_000);
});

describe('a child that a plugin forks', () => {
  it.each(['forked', 'forked_later'])('ends when it comes back from the method (%s)', async (method) => {
    const { call } = await loadProbe(openExecutor(), { methods: [...methods, 'forked_later'], lines });

    expect(await call(method)).toBe(70);
    expect(await call('evaluate', ['1 + 1'])).toBe(2);
  });

  it('keeps what the plugin opened, also under a number that a connection had', async () => {
    const { call } = await loadProbe(openExecutor(), { methods, lines });
    const earlier = openExecutor();
    await loadProbe(earlier, { methods: [], lines: [] });
    await earlier.close();

    await call('execute', [
      [
        'files = [open(os.devnull) for _ in range(30)]',
        'child = os.fork()',
        'if child == 0:',
        '    try:',
        '        for file in files: os.fstat(file.fileno())',
        '    except OSError: os._exit(1)',
        '    os._exit(0)',
        'code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])',
      ].join('\n'),
    ]);

    expect(await call('evaluate', ['code'])).toBe(0);
  });

  it('takes nothing of the connection with it', async () => {
    const executor = openExecutor();
    const { call } = await loadProbe(executor, { methods, lines });
    await call('execute', ['child = os.fork()\nif child == 0:\n    import time\n    time.sleep(5)\n    os._exit(0)']);

    // The child lives for five seconds: whether closing waits for it shows only in its time.
    const started = performance.now();
    await executor.close();

    expect(performance.now() - started).toBeLessThan(3000);
  });
});

it('leaves SIGINT to the program', async () => {
  const { stdout } = await outputOf('interrupted.ts', { signalWhenReady: 'SIGINT', timeoutMs: 60_000 });

  expect(stdout).toContain('handled by the program, and Python still adds 3');
}, 90_000);
