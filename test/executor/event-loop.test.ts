import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { loadCalls } from '../support/calls.ts';
import { openExecutor } from '../support/executors.ts';

// The delay of the event loop is what is promised, so this test measures time, and lets time pass between its samples.

/** What sixteen plugins can be busy with at the same time. */
const busyWith = [
  ['waiting', 'nap', [1.2]],
  ['Python code', 'spin', []],
  ['C code that holds the lock', 'search_in_vain', [24]],
] as const;

describe('the event loop', () => {
  it.each(busyWith)('goes on while sixteen plugins are busy with %s', async (_what, method, args) => {
    const executor = openExecutor('thread', { threads: 16 });
    const plugins = await Promise.all(
      Array.from({ length: 16 }, (_, index) => loadCalls(executor, { timeoutMs: 1500 }, `busy${index}`)),
    );
    const delay = monitorEventLoopDelay({ resolution: 5 });
    const settled = Promise.allSettled(plugins.map(({ call }) => call(method, args)));
    await new Promise((resolve) => setTimeout(resolve, 50));

    delay.enable();
    let slowestReadMs = 0;
    for (let round = 0; round < 20; round += 1) {
      const started = performance.now();
      await readFile(new URL(import.meta.url));
      slowestReadMs = Math.max(slowestReadMs, performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    delay.disable();

    // The figures in docs/explanation/performance.md are stricter; here other tests run beside.
    expect(delay.percentile(50) / 1e6).toBeLessThan(60);
    expect(slowestReadMs).toBeLessThan(500);
    await settled;
  });
});
