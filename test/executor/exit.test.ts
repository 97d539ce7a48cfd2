import { describe, expect, it, vi } from 'vitest';
import { type IsolatedOptions, runIsolated } from '../support/isolated.ts';

const output = 'sum 3\n\nready\nno newlinepython atexit\n';

/** What can go on in the server when the process ends. */
const inTheServer = ['idle', 'closed', 'busy', 'sleeping', 'asyncio', 'queued', 'stubborn', 'given-up'];

/** Generous, because these processes run side by side with those of other files. */
vi.setConfig({ testTimeout: 120_000 });
const serve = (args: readonly string[], options: IsolatedOptions = {}) =>
  runIsolated('serve.ts', { args, timeoutMs: 60_000, ...options });

describe.concurrent.each(inTheServer)('with %s calls in the server', (what) => {
  it.each([
    ['exit', 7],
    ['throw', 1],
  ])('a program ends by %s with exit code %i, and loses no output', async (how, exitCode) => {
    const outcome = await serve([what, how]);

    expect(outcome).toMatchObject({ exitCode, signal: null, timedOut: false });
    expect(outcome.stdout.replace(/settled.*\n/, '')).toBe(output);
  });

  it('a program ends by SIGTERM as any Node process', async () => {
    const outcome = await serve([what, 'wait'], { signalWhenReady: 'SIGTERM' });

    expect(outcome).toMatchObject({ exitCode: null, signal: 'SIGTERM', timedOut: false });
  });
});

describe('a program that forgot to close', () => {
  it.each(['idle', 'given-up'])('ends by itself with %s calls', async (what) => {
    const outcome = await serve([what, 'natural']);

    expect(outcome).toMatchObject({ exitCode: 0, signal: null, timedOut: false });
    expect(outcome.stdout.replace(/settled.*\n/, '')).toBe(output);
  });
});

it('ends with the right exit code while a call holds the GIL in C code', async () => {
  const outcome = await serve(['holding', 'exit']);

  expect(outcome).toMatchObject({ exitCode: 7, signal: null, timedOut: false });
  expect(outcome.stdout).toContain('sum 3\n');
});
