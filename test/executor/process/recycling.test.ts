import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failure.ts';
import { endsSoon, openProcess } from '../../support/processes.ts';

describe('a process that is replaced', () => {
  it('after a number of calls loses no call', async () => {
    const { call, plugin, state } = await openProcess({ recycle: { calls: 5 } });
    const pids = new Set<unknown>();

    for (let round = 0; round < 200 && state().recycles < 2; round += 1) {
      const answers = await Promise.all([call('pid'), call('add', [round, 1])]);
      pids.add(answers[0]);
      expect(answers[1]).toBe(round + 1);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }

    expect(pids.size).toBeGreaterThanOrEqual(2);
    expect(state()).toMatchObject({ state: 'ready', restarts: 0, crashes: 0 });
    await eventually(() => plugin.stats().running === 0);
    expect(plugin.stats()).toMatchObject({ failed: 0, cancelled: 0, queued: 0 });
    expect(plugin.stats().succeeded % 2).toBe(0);
  });

  it('finishes its calls while the new one answers others, and ends', async () => {
    const { call, plugin, state } = await openProcess({ recycle: { calls: 2 } });
    const old = state().pid as number;
    const napping = call('nap', [1]);
    await call('add', [1, 2]);
    await eventually(() => state().recycles === 1, 'the replacement');

    const answer = await call('pid');

    expect(answer).not.toBe(old);
    expect(plugin.stats().running).toBe(1);
    expect(await napping).toBe(1);
    expect(await endsSoon(old)).toBe(true);
    await eventually(() => plugin.stats().succeeded === 3, 'the figures of the old process');
  });

  it('because of its age is replaced without a call', async () => {
    const { call, state } = await openProcess({ recycle: { ageMs: 1 } });
    const old = state().pid as number;

    await eventually(() => state().recycles > 0, 'the replacement');

    expect(await endsSoon(old)).toBe(true);
    expect(await call('add', [1, 2])).toBe(3);
  });

  it.runIf(process.platform === 'linux')('because of its memory gives the memory back', async () => {
    const { call, state } = await openProcess({ recycle: { memoryBytes: 100 << 20 } });
    const old = state().pid as number;

    await call('run', ['sys.kept = bytearray(200 << 20)']);
    await eventually(() => state().recycles === 1, 'the replacement');

    expect(await endsSoon(old)).toBe(true);
    expect(state().memoryBytes).toBeLessThan(100 << 20);
  });

  it('is closed with the plugin while it finishes its calls', async () => {
    const { call, plugin, state } = await openProcess({
      recycle: { calls: 2 },
      terminateAfterMs: 100,
      killAfterMs: 100,
    });
    const old = state().pid as number;
    const napping = failureOf(() => call('nap', [600]));
    await call('add', [1, 2]);
    await eventually(() => state().recycles === 1, 'the replacement');

    await plugin.close({ mode: 'abort' });

    expect((await napping).code).toMatch(/^FIDIUS_(PLUGIN_CLOSED|PROCESS_EXITED|PROCESS_TERMINATED)$/);
    expect(await endsSoon(old)).toBe(true);
  });
});
