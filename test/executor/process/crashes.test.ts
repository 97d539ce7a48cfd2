import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProcessError } from '../../../src/index.ts';
import { failureOf } from '../../support/failure.ts';
import { endsSoon, openProcess } from '../../support/processes.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function processErrorOf(attempt: () => Promise<unknown>): Promise<ProcessError> {
  const error = await failureOf(attempt);
  if (error instanceof ProcessError) return error;
  throw error;
}

describe('a process that ends during a call', () => {
  it.each<[string, string, Partial<ProcessError>, RegExp]>([
    ['a segmentation fault', 'ctypes.string_at(0)', { signal: 'SIGSEGV' }, /^Fatal Python error: Segmentation fault/m],
    ['abort', 'os.abort()', { signal: 'SIGABRT' }, /^Fatal Python error: Aborted/m],
    ['os._exit', 'sys.stderr.write("bye\\n"); os._exit(7)', { exitCode: 7 }, /^bye$/m],
    ['SIGKILL from outside', 'os.kill(os.getpid(), signal.SIGKILL)', { signal: 'SIGKILL' }, /^$/],
  ])('rejects the call at once: %s', async (_what, source, data, tail) => {
    const { call } = await openProcess({ restart: false });

    const error = await processErrorOf(() => call('run', [source]));

    expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_EXITED', mayHaveRun: true, ...data });
    expect(error.message).toMatch(
      /^run\(\) of probe failed: the process \d+ \(.*\) (was terminated by|exited with code)/,
    );
    expect(error.stderrTail).toMatch(tail);
  });

  it('rejects every call that was sent', async () => {
    const { call, state } = await openProcess({ restart: false });
    const naps = Array.from({ length: 5 }, () => processErrorOf(() => call('nap', [60])));
    await call('add', [1, 2]);

    process.kill(state().pid as number, 'SIGKILL');

    for (const error of await Promise.all(naps)) {
      expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_EXITED', signal: 'SIGKILL', mayHaveRun: true });
    }
  });

  it('names the line of Python that a fault has ended', async () => {
    const { call } = await openProcess(
      { restart: false },
      {},
      { lines: ['def add(a, b): return ctypes.string_at(0)'] },
    );

    const error = await processErrorOf(() => call('add', [1, 2]));

    expect(error.stderrTail).toMatch(/File ".*probe_\d+\.py", line \d+ in add/);
    expect(error.message).toContain('Fatal Python error: Segmentation fault');
  });

  it('is told apart from one that only loses its connection', async () => {
    const { call } = await openProcess({ restart: false, killAfterMs: 200 });

    const error = await processErrorOf(() => call('run', ['os.closerange(3, 100); time.sleep(60)']));

    expect(error.code).toBe('FIDIUS_PROCESS_EXITED');
  });

  it.runIf(process.platform === 'linux')('takes the processes along that the plugin has started', async () => {
    const { call } = await openProcess({ restart: false });
    const pids = (await call('run', [
      'result = [subprocess.Popen(["sleep", "600"]).pid, subprocess.Popen(["sh", "-c", "sleep 600; true"]).pid]',
    ])) as number[];

    await failureOf(() => call('run', ['os.abort()']));

    for (const pid of pids) expect(await endsSoon(pid)).toBe(true);
  });

  it('harms no other plugin', async () => {
    const crashing = await openProcess({ restart: false });
    const other = await openProcess();

    await failureOf(() => crashing.call('run', ['os.abort()']));

    expect(await other.call('add', [1, 2])).toBe(3);
  });
});

describe('a process that ends while it loads a plugin', () => {
  it.each<[string, string, Partial<ProcessError>]>([
    ['exits', 'os._exit(3)', { exitCode: 3 }],
    ['crashes', 'ctypes.string_at(0)', { signal: 'SIGSEGV' }],
  ])('rejects the load when the module %s', async (_what, line, data) => {
    const error = await processErrorOf(() => openProcess({}, {}, { lines: [line] }));

    expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_EXITED', mayHaveRun: true, ...data });
    expect(error.message).toMatch(/^Loading probe failed: the process \d+/);
  });
});

describe('a process that does not start', () => {
  it('is reported when the interpreter does not exist any more', async () => {
    const error = await failureOf(() => openProcess({ python: '/nowhere/python3' }));

    expect(error.code).toBe('FIDIUS_PYTHON_NOT_FOUND');
  });

  it('is reported when the working folder does not exist', async () => {
    const error = await processErrorOf(() => openProcess({ cwd: '/nowhere' }));

    expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_START_FAILED', exitCode: undefined, mayHaveRun: false });
    expect(error.message).toMatch(/Cannot start .*ENOENT|cannot start .*ENOENT/);
  });

  it('is reported when a limit cannot be set', async () => {
    const error = await processErrorOf(() => openProcess({ limits: { openFiles: 2 ** 40 } }));

    expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_START_FAILED', mayHaveRun: false });
    expect(error.message).toMatch(/the limit openFiles (is \d+, and this user can have at most|cannot be set to)/);
  });

  it.runIf(process.platform === 'linux')(
    'is reported with its last lines when the interpreter cannot run',
    async () => {
      // The dynamic linker finds this file first, and cannot use it.
      const folder = tempFolder();
      writeFileSync(join(folder, 'libc.so.6'), '');

      const error = await processErrorOf(() => openProcess({ env: { LD_LIBRARY_PATH: folder } }));

      expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_START_FAILED', exitCode: 127, mayHaveRun: false });
      expect(error.stderrTail).toContain('libc.so.6');
      expect(error.message).toContain('exited with code 127 before it was ready');
    },
  );
});
