import { describe, expect, it, vi } from 'vitest';
import { inProcessExecutors } from '../support/executors.ts';
import { outputOf, runIsolated } from '../support/isolated.ts';

// Signals belong to Node, whatever Python is loaded. Each case is a process of its own; they run side by side.
vi.setConfig({ testTimeout: 120_000 });

/** With number, as a listener gets it: of Linux on x64 and arm64. */
const listenable = ['SIGINT 2', 'SIGTERM 15', 'SIGHUP 1', 'SIGPIPE 13', 'SIGUSR1 10', 'SIGUSR2 12', 'SIGCHLD 17'];
const names = listenable.map((each) => each.split(' ', 1)[0] as string);

/** So that programs side by side do not want the same port of the inspector, which SIGUSR1 starts. */
const nodeArgs = ['--inspect-port=0'];

describe.concurrent.each(inProcessExecutors)('with the executor %s', (executor) => {
  it.each(['before', 'after'])(
    'listeners that were added %s Python was started hear every signal, also one in the middle of a call, which goes on',
    async (listen) => {
      const { stdout } = await outputOf('signals.ts', { args: [executor, listen, 'node,python', ...names], nodeArgs });

      expect(stdout.trim().split('\n')).toEqual([
        ...listenable.map((each) => `heard ${each}`),
        ...listenable.flatMap((each) => ['went on', `heard ${each}`]),
        'goes on 3',
      ]);
    },
  );

  it('a program without listeners survives what Node survives, and SIGUSR1 starts the inspector', async () => {
    const args = [executor, 'never', 'node,python', 'SIGPIPE', 'SIGUSR1', 'SIGCHLD'];

    const { stdout } = await outputOf('signals.ts', { args, nodeArgs });

    const lines = stdout.split('\n').filter((line) => line !== '' && line !== 'went on');
    expect(lines).toEqual(['inspector started', 'inspector started', 'goes on 3']);
  });

  it.each([
    ['SIGINT', 'node'],
    ['SIGINT', 'python'],
    ['SIGTERM', 'node'],
    ['SIGHUP', 'python'],
  ])('a program without listeners ends by %s, sent by %s', async (signal, sender) => {
    const outcome = await runIsolated('signals.ts', { args: [executor, 'never', sender, signal] });

    expect(outcome).toMatchObject({ exitCode: null, signal, stdout: '', timedOut: false });
  });

  it('Node and plugins each receive the exit codes of their children', async () => {
    const { stdout } = await outputOf('children.ts', { args: [executor] });

    expect(stdout).toBe('Node 10,11,12,13,14\nplugin 20,21,22,23,24,30\n');
  });

  it('a plugin finds no signal handlers of Python, and gets an error for writing to a closed pipe', async () => {
    const source = `
import os, signal
reader, writer = os.pipe()
os.close(reader)
try: os.write(writer, b"x")
except BrokenPipeError: result = "broken pipe, "
result += str([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)])`;

    const { stdout } = await outputOf('take-signal.ts', { args: [executor, source] });

    expect(stdout).toBe('result broken pipe, [None, None]\nheard by Node\ngoes on 3\n');
  });
});

describe.concurrent('a plugin that calls signal.signal()', () => {
  const defaultAction = 'import signal; signal.signal(signal.SIGTERM, signal.SIG_DFL)';
  const ownHandler = 'import signal; signal.signal(signal.SIGTERM, lambda *_: print("heard by Python"))';

  it('takes the signal away from Node, on the main thread: its listeners do not run any more', async () => {
    const { stdout } = await outputOf('take-signal.ts', { args: ['inline', ownHandler] });

    expect(stdout).toBe('result null\nheard by Python\ngoes on 3\n');
  });

  it('can have the signal end the program, on the main thread', async () => {
    const outcome = await runIsolated('take-signal.ts', { args: ['inline', defaultAction] });

    expect(outcome).toMatchObject({ exitCode: null, signal: 'SIGTERM', stdout: 'result null\n' });
  });

  it.each([ownHandler, defaultAction])('is refused by Python on any other thread: %s', async (source) => {
    const { stdout } = await outputOf('take-signal.ts', { args: ['thread', source] });

    expect(stdout).toMatch(/^error ValueError: signal only works in main thread.*\nheard by Node\ngoes on 3\n$/);
  });
});
