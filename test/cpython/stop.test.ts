import { describe, expect, it } from 'vitest';
import { runIsolated } from '../support/isolated.ts';

/** What can be alive in Python when the process ends. */
const alive = ['nothing', 'daemon-busy', 'daemon-sleeping', 'non-daemon', 'asyncio'];

/** How the process ends, and the exit code that is Node's for it. */
const ends: readonly (readonly [string, number])[] = [
  ['natural', 0],
  ['exit', 7],
  ['throw', 1],
  ['reject', 1],
];

// Each case is a process of its own; side by side they take a fraction of the time.
describe.concurrent.each(alive)('with %s in Python', (what) => {
  it.each(ends)('ends by %s with exit code %i, and loses no output', async (how, exitCode) => {
    const outcome = await runIsolated('end.ts', { args: [what, how] });

    expect(outcome).toMatchObject({ exitCode, signal: null, timedOut: false });
    expect(outcome.stdout).toBe(
      'python line\n\nready\nlistener before fidius\nno newlinepython atexit\nlistener after fidius\n',
    );
    const note = 'fidius: a Python thread is still running at exit and will be ended: the long sleeper\n';
    expect(outcome.stderr.includes(note)).toBe(what === 'non-daemon');
  });

  it('ends by SIGTERM as any Node process, with every finished line out', async () => {
    const outcome = await runIsolated('end.ts', { args: [what, 'signal'], signalWhenReady: 'SIGTERM' });

    expect(outcome).toMatchObject({ exitCode: null, signal: 'SIGTERM', stdout: 'python line\n\nready\n' });
  });

  it('ends by a handler of SIGTERM with the exit code of the handler', async () => {
    const outcome = await runIsolated('end.ts', { args: [what, 'signal-handled'], signalWhenReady: 'SIGTERM' });

    expect(outcome).toMatchObject({ exitCode: 3, signal: null });
    expect(outcome.stdout).toContain('python atexit\nlistener after fidius\n');
  });

  it('does not end with a worker thread that used Python', async () => {
    const outcome = await runIsolated('end.ts', { args: [what, 'worker'] });

    expect(outcome).toMatchObject({ exitCode: 0, signal: null, timedOut: false });
    expect(outcome.stdout).toContain('worker says 3\n');
    expect(outcome.stdout).toContain('worker exit 0\n');
    expect(outcome.stdout).toContain('python atexit\n');
  });
});

it('ends with the right exit code also while a thread holds the lock in C code and never gives it back', async () => {
  const outcome = await runIsolated('end.ts', { args: ['daemon-in-c', 'exit-late'] });

  expect(outcome).toMatchObject({ exitCode: 7, signal: null, timedOut: false });
  expect(outcome.stdout).toContain('python line\n');
});

it('refuses calls from exit listeners that run after Python has ended', async () => {
  const outcome = await runIsolated('call-after-end.ts');

  expect(outcome).toMatchObject({ exitCode: 0, signal: null });
  expect(outcome.stdout).toContain('FIDIUS_PYTHON_STOPPED');
});
