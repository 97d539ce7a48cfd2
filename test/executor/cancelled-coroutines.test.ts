import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { loadProbe, openExecutor } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';

it('stops a coroutine that was aborted while its large arguments were being read', async () => {
  const { call, plugin } = await loadProbe(openExecutor(), {
    methods: ['nap_later([str])'],
    lines: ['import asyncio', 'async def nap_later(data): await asyncio.sleep(60)'],
  });
  const data = Array.from({ length: 30_000 }, (_, index) => `text ${index}`);

  for (let round = 0; round < 100; round += 1) {
    const abort = new AbortController();
    const calls = [1, 2].map(() => failureOf(() => call('nap_later', [data], { signal: abort.signal })));
    // At another moment of the reading in each round.
    setTimeout(() => abort.abort(), round % 20);
    for (const { code } of await Promise.all(calls)) expect(code).toBe('FIDIUS_CALL_ABORTED');
  }

  await eventually(() => plugin.stats().running === 0, 'the end of every coroutine');
  expect(plugin.stats()).toMatchObject({ cancelled: 200, failed: 0, outcomes: { finishedAnyway: 0, stillRunning: 0 } });
});
