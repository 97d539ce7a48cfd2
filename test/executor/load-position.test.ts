import { describe, expect, it } from 'vitest';
import { type LoadOptions, LoadTimeoutError } from '../../src/index.ts';
import { loadProbe, openExecutor } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';

/** Loads a module of these lines, which stand from line 2 on, and gives the error of its time-out. */
async function timeout(lines: readonly string[], options: LoadOptions = {}): Promise<LoadTimeoutError> {
  const executor = openExecutor();
  const error = await failureOf(() =>
    loadProbe(executor, { methods: [], lines, options: { loadTimeoutMs: 300, ...options } }),
  );
  if (error instanceof LoadTimeoutError) return error;
  throw error;
}

/** The same until Python has answered in time where the load stood, which a busy machine may prevent. */
async function timeoutWithPlace(lines: readonly string[], options: LoadOptions = {}): Promise<LoadTimeoutError> {
  let error = await timeout(lines, options);
  for (let attempt = 0; error.stoodAt === undefined && attempt < 20; attempt += 1)
    error = await timeout(lines, options);
  return error;
}

describe('a load that times out', () => {
  it.each([
    ['on a thread of the pool', {}],
    ['with ownThread', { ownThread: true }],
  ])('%s names the line of the module that ran', async (_, options) => {
    const error = await timeoutWithPlace(['def prepare():', '    for _ in iter(int, 1): pass', 'prepare()'], options);

    expect(error).toMatchObject({
      code: 'FIDIUS_LOAD_TIMEOUT',
      plugin: 'probe',
      timeoutMs: 300,
      stoodAt: { file: expect.stringMatching(/probe_\d+\.py$/), line: 3, function: 'prepare' },
      calledFrom: undefined,
      waited: false,
      message: expect.stringMatching(/timed out after 300 ms, in prepare\(\) at \S+probe_\d+\.py:3$/),
    });
  });

  it('names the library that ran, and the line of the module that called it', async () => {
    const error = await timeoutWithPlace(['import queue', 'queue.Queue().get(timeout=2)']);

    expect(error).toMatchObject({
      stoodAt: { file: expect.stringMatching(/threading\.py$/), function: 'wait' },
      calledFrom: { file: expect.stringMatching(/probe_\d+\.py$/), line: 3, function: '<module>' },
      message: expect.stringMatching(/, in wait\(\) at \S+threading\.py:\d+, called from <module> at \S+\.py:3$/),
    });
  });

  it('says that it waited for another load', async () => {
    const executor = openExecutor();
    const gate = await loadProbe(executor, {
      methods: ['open', 'reached'],
      lines: [
        'import sys, threading',
        'sys.fidius_gate, sys.fidius_reached = threading.Event(), threading.Event()',
        'open = sys.fidius_gate.set',
        'def reached(): sys.fidius_reached.wait(60)',
      ],
    });
    const first = loadProbe(executor, {
      methods: [],
      lines: ['import sys', 'sys.fidius_reached.set()', 'sys.fidius_gate.wait(60)'],
    });
    await gate.call('reached');

    const error = await failureOf(() =>
      loadProbe(executor, { methods: [], lines: [], options: { loadTimeoutMs: 400 } }),
    );
    await gate.call('open');
    await first;

    expect(error).toMatchObject({
      code: 'FIDIUS_LOAD_TIMEOUT',
      waited: true,
      stoodAt: undefined,
      message: expect.stringMatching(/, while it waited for another load to end$/),
    });
  });

  it('does not wait for a Python that does not answer', async () => {
    const error = await timeout(['import re', `re.match("(a+)+b", "${'a'.repeat(26)}")`]);

    expect(error).toMatchObject({ code: 'FIDIUS_LOAD_TIMEOUT', stoodAt: undefined, waited: false });
    expect(error.message).toMatch(/timed out after 300 ms$/);
  });

  it.each([{}, { ownThread: true }])(
    'does not hold up other loads once its executor is closed (%j)',
    async (options) => {
      const executor = openExecutor();
      const lines = ['for _ in iter(int, 1): pass'];
      await failureOf(() => loadProbe(executor, { methods: [], lines, options: { ...options, loadTimeoutMs: 300 } }));
      await executor.close({ mode: 'abort', timeoutMs: 1 });

      const { call } = await loadProbe(openExecutor(), {
        methods: ['answer(): i32'],
        lines: ['def answer(): return 42'],
      });

      expect(await call('answer')).toBe(42);
    },
  );
});
