import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EventLoopSpinner } from '../../../../src/executor/server/event-loop-spinner.ts';
import { loadCalls } from '../../support/calls.ts';
import { openExecutor } from '../../support/executors.ts';

/** Turns of the event loop while a few milliseconds pass in which nothing else happens. */
async function idleTurns(): Promise<number> {
  const before = performance.nodeTiming.uvMetricsInfo.loopCount;
  // Turns of an idle loop are counted over time.
  await sleep(20);
  return performance.nodeTiming.uvMetricsInfo.loopCount - before;
}

/** A spinner whose clock advances only on request. */
function openSpinner(processors = 2) {
  let now = 1000;
  const spinner = new EventLoopSpinner(processors, () => now);
  const answerExpected = () => spinner.answerExpected();
  /** The answer arrives this many milliseconds later. */
  const answerReceived = (milliseconds: number) => {
    now += milliseconds;
    spinner.answerReceived();
  };
  const waitFor = (milliseconds: number) => {
    answerExpected();
    answerReceived(milliseconds);
  };
  return { answerExpected, answerReceived, waitFor };
}

describe('the event loop, while an answer is expected', () => {
  it('sleeps when nothing came yet', async () => {
    openSpinner().answerExpected();
    expect(await idleTurns()).toBeLessThan(20);
  });

  it('stays awake for some turns when the last answer came soon', async () => {
    const spinner = openSpinner();
    spinner.waitFor(0.1);
    spinner.answerExpected();
    const turns = await idleTurns();
    expect(turns).toBeGreaterThanOrEqual(30);
    expect(turns).toBeLessThan(60);
  });

  it('sleeps again as soon as the answer is there', async () => {
    const spinner = openSpinner();
    spinner.waitFor(0.1);
    spinner.waitFor(0.1);
    expect(await idleTurns()).toBeLessThan(20);
  });

  it('sleeps when the last answer took long', async () => {
    const spinner = openSpinner();
    spinner.waitFor(0.3);
    spinner.answerExpected();
    expect(await idleTurns()).toBeLessThan(20);
  });

  it('sleeps when there is one processor only', async () => {
    const spinner = openSpinner(1);
    spinner.waitFor(0.1);
    spinner.answerExpected();
    expect(await idleTurns()).toBeLessThan(20);
  });

  it('spins less and less often after it spun without an answer', async () => {
    const spinner = openSpinner();
    spinner.waitFor(0.1);
    const awake: number[] = [];
    for (let wait = 0; wait < 20; wait += 1) {
      spinner.answerExpected();
      if ((await idleTurns()) >= 30) awake.push(wait);
      spinner.answerReceived(0.1);
    }
    // Sleeps through 1, 3, 7 of them.
    expect(awake).toEqual([0, 2, 6, 14]);
  });
});

describe('calls one by one', () => {
  it.runIf(availableParallelism() > 1)('keep the loop awake if they are short (with two processors)', async () => {
    const { call } = await loadCalls(openExecutor());
    const turnsOfOneCall = async () => {
      const before = performance.nodeTiming.uvMetricsInfo.loopCount;
      await call('add', [1, 2]);
      return performance.nodeTiming.uvMetricsInfo.loopCount - before;
    };

    // Not each time: other programs may have the processors meanwhile. One that sleeps has a turn or two.
    await expect.poll(turnsOfOneCall, { interval: 0, timeout: 10_000 }).toBeGreaterThanOrEqual(10);
  });

  it('cost no processor time once they are over, or while Python is slow', async () => {
    const { call } = await loadCalls(openExecutor());
    for (let index = 0; index < 500; index += 1) await call('add', [1, index]);

    // Processor time, of half a second in which nothing is to be done.
    expect(await processorMs(() => sleep(500))).toBeLessThan(300);
    expect(await processorMs(() => call('nap', [0.5]))).toBeLessThan(300);
  });

  it('are answered also under a clock that stands still', async () => {
    const { call } = await loadCalls(openExecutor());
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());

    for (let index = 0; index < 200; index += 1) expect(await call('add', [1, index])).toBe(1 + index);

    expect(vi.getTimerCount()).toBe(0);
  });
});

async function processorMs(body: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
