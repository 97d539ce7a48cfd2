import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ProcessError } from '../../../src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failure.ts';
import { endsSoon, isRunning, openProcess } from '../../support/processes.ts';

const restart = { delayMs: 1, maxDelayMs: 1 };
const descriptors = () => readdirSync('/proc/self/fd').length;

describe('a plugin that prints 100 MB', () => {
  it.each([
    ['through Python', 'for _ in range(1600): sys.stdout.write(line)'],
    ['past Python', 'for _ in range(1600): os.write(1, line.encode())'],
  ])('has all of it delivered, and answers: %s', async (_way, loop) => {
    let characters = 0;
    const { call } = await openProcess({}, { onOutput: ({ text }) => void (characters += text.length + 1) });

    const result = await call('run', [`line = ("x" * 65535) + "\\n"\n${loop}\nsys.stdout.flush()\nresult = 1`]);

    expect(result).toBe(1);
    await eventually(() => characters >= 1600 * 65_536, 'the output');
    expect(characters).toBe(1600 * 65_536);
    expect(await call('add', [1, 2])).toBe(3);
  });
});

describe('a plugin that overflows its stack in C', () => {
  it.runIf(process.platform === 'linux')('ends its process and no other', async () => {
    const { call } = await openProcess({ restart });
    // The parser of glibc calls itself for each parenthesis. Python itself limits its own recursion in C since 3.12.
    const source = [
      'expression = b"(" * 1_000_000 + b"a" + b")" * 1_000_000',
      'ctypes.CDLL(None).regcomp(ctypes.create_string_buffer(1024), expression, 1)',
    ].join('\n');

    const error = await failureOf(() => call('run', [source]));

    // Without a traceback: only the main thread has a second stack to write it on.
    expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_EXITED', mayHaveRun: true });
    expect((error as ProcessError).signal).toMatch(/^SIG(SEGV|ABRT|BUS)$/);
    expect(await call('add', [1, 2])).toBe(3);
  });
});

describe('twenty plugins that start at once', () => {
  it('all start, each in a process of its own', async () => {
    const plugins = await Promise.all(Array.from({ length: 20 }, () => openProcess({ startTimeoutMs: 120_000 })));

    const pids = await Promise.all(plugins.map(({ call }) => call('pid')));

    expect(new Set(pids).size).toBe(20);
  });
});

describe.runIf(process.platform === 'linux')('a plugin that starts a daemon', () => {
  /** Forks twice, so that the daemon has left process group and session, and keeps the streams. */
  const daemon = [
    'read, write = os.pipe()',
    'if os.fork() == 0:',
    '    os.setsid()',
    '    if os.fork() == 0:',
    '        os.write(write, str(os.getpid()).encode())',
    '        os.execvp("sleep", ["sleep", "600"])',
    '    os._exit(0)',
    'os.wait()',
    'result = int(os.read(read, 20))',
  ].join('\n');

  it.each([
    ['is closed', undefined],
    ['crashes', 'os.abort()'],
  ])('ends, and its descriptors are closed, when it %s', async (_way, crash) => {
    const before = descriptors();
    const { call, executor, state } = await openProcess({ restart: false });
    const pid = state().pid as number;
    const daemonPid = (await call('run', [daemon])) as number;
    try {
      if (crash !== undefined) await failureOf(() => call('run', [crash]));
      await executor.close();

      expect(await endsSoon(pid)).toBe(true);
      // The system has no means to find it, without privileges.
      expect(await isRunning(daemonPid)).toBe(true);
      await eventually(() => descriptors() <= before + 1, 'the end of the descriptors');
    } finally {
      process.kill(daemonPid, 'SIGKILL');
    }
  });
});
