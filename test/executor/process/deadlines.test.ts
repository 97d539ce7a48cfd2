import { describe, expect, it } from 'vitest';
import { CallTimeoutError } from '../../../src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failure.ts';
import { isRunning, openProcess } from '../../support/processes.ts';

const delays = { terminateAfterMs: 300, killAfterMs: 200 };
/** Enough for an orderly end on a busy machine. */
const patient = { terminateAfterMs: 300, killAfterMs: 20_000 };

async function timeoutOf(attempt: () => Promise<unknown>): Promise<CallTimeoutError> {
  const error = await failureOf(attempt);
  if (error instanceof CallTimeoutError) return error;
  throw error;
}

describe('a call that exceeds its deadline', () => {
  it('is stopped by an exception, and its process runs on', async () => {
    const { call, plugin } = await openProcess({ terminateAfterMs: 30_000 });
    const before = await call('pid');

    const error = await timeoutOf(() => call('spin', [], { timeoutMs: 100 }));

    expect(error).toMatchObject({ code: 'FIDIUS_CALL_TIMEOUT', endedBy: 'exception', otherCalls: 0 });
    expect(error.message).toMatch(/^spin\(\) of probe timed out after 100 ms; an exception stopped it \d+ ms later$/);
    expect(await call('pid')).toBe(before);
    expect(plugin.stats()).toMatchObject({ cancelled: 1, running: 0, outcomes: { stopped: 1, stillRunning: 0 } });
  });

  it('is ended by SIGTERM together with its process when it waits in C', async () => {
    const { call, plugin } = await openProcess(patient);
    const before = await call('pid');

    const error = await timeoutOf(() => call('nap', [600], { timeoutMs: 50 }));

    expect(error).toMatchObject({ endedBy: 'SIGTERM', otherCalls: 0 });
    expect(error.message).toMatch(/timed out after 50 ms; SIGTERM ended its process \d+ ms later$/);
    expect(await isRunning(before as number)).toBe(false);
    expect(await call('pid')).not.toBe(before);
    expect(plugin.stats()).toMatchObject({ cancelled: 1, running: 0, outcomes: { stillRunning: 0 } });
  });

  it('is ended by SIGKILL when code in C holds the GIL, with the line of Python that called it', async () => {
    const { call } = await openProcess(delays);

    const error = await timeoutOf(() => call('hold', [], { timeoutMs: 50 }));

    expect(error).toMatchObject({ endedBy: 'SIGKILL', otherCalls: 0 });
    expect(error.cause).toMatchObject({
      code: 'FIDIUS_PROCESS_TERMINATED',
      signal: 'SIGKILL',
      stderrTail: expect.stringMatching(/File ".*probe_\d+\.py", line \d+ in hold/),
    });
    expect(await call('add', [1, 2])).toBe(3);
  });

  it('tells what became of the other calls in flight', async () => {
    const { call } = await openProcess(delays);
    const other = failureOf(() => call('nap', [600]));

    const error = await timeoutOf(() => call('hold', [], { timeoutMs: 50 }));

    expect(error.otherCalls).toBe(1);
    expect(error.message).toMatch(/together with 1 other call in flight$/);
    expect(await other).toMatchObject({
      code: 'FIDIUS_PROCESS_TERMINATED',
      mayHaveRun: true,
      message: expect.stringMatching(
        /^nap\(\) of probe failed: the host terminated process \d+ \(.*\) by SIGKILL, because hold\(\) of probe had not stopped \d+ ms after it was cancelled/,
      ),
    });
  });

  it('is rejected although it has finished in the meantime', async () => {
    const { call, plugin } = await openProcess({ terminateAfterMs: 30_000 });

    const error = await timeoutOf(() => call('nap', [0.3], { timeoutMs: 50 }));

    expect(error.endedBy).toMatch(/^(exception|finishedAnyway)$/);
    expect(plugin.stats().outcomes.stillRunning).toBe(0);
  });

  it('lets exit functions of the plugin run on SIGTERM', async () => {
    const printed: string[] = [];
    const lines = ['import atexit', 'atexit.register(lambda: print("exit function"))'];
    const { call } = await openProcess(patient, { onOutput: ({ text }) => void printed.push(text) }, { lines });

    await timeoutOf(() => call('nap', [600], { timeoutMs: 50 }));

    await eventually(() => printed.includes('exit function'), 'the line');
    expect(printed).toContain('exit function');
  });
});

describe('a call that is aborted', () => {
  it('is rejected at once, and is ended together with its process when it does not stop', async () => {
    const { call, state } = await openProcess(delays);
    const before = await call('pid');
    const controller = new AbortController();
    const aborted = failureOf(() => call('nap', [600], { signal: controller.signal }));
    await call('add', [1, 2]);

    controller.abort();

    expect((await aborted).code).toBe('FIDIUS_CALL_ABORTED');
    await eventually(() => state().restarts === 1, 'the restart');
    expect(await call('pid')).not.toBe(before);
  });

  it('does not end its process when it stops', async () => {
    const { call } = await openProcess({ terminateAfterMs: 30_000 });
    const before = await call('pid');
    const controller = new AbortController();
    const aborted = failureOf(() => call('spin', [], { signal: controller.signal }));
    await call('add', [1, 2]);

    controller.abort();

    expect((await aborted).code).toBe('FIDIUS_CALL_ABORTED');
    expect(await call('pid')).toBe(before);
  });
});
