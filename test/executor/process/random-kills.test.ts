import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isFidiusError } from '../../../src/index.ts';
import { killedEnds, runKilledChildren } from '../../support/killed-children.ts';
import { endsSoon, openProcess } from '../../support/processes.ts';

const descriptors = () => readdirSync('/proc/self/fd').length;

describe.runIf(process.platform === 'linux')('processes that are killed at random under load', () => {
  it('lose no call, answer no call wrongly, and leave neither processes nor descriptors', async () => {
    const before = descriptors();
    const { call, plugin, executor } = await openProcess({
      instances: 2,
      refuseAfterCrashes: false,
      restart: { delayMs: 1, maxDelayMs: 1, maxCrashes: 1_000_000 },
    });
    const pids = new Set<number>();
    let [answered, lost, wrong] = [0, 0, 0];
    let settled = 0;

    const callers = Array.from({ length: 20 }, async (_, caller) => {
      for (let round = 0; round < 100; round += 1) {
        const method = round % 10 === 9 ? 'nap' : 'add';
        const args = method === 'nap' ? [0.002] : [caller * 1000, round];
        const expected = method === 'nap' ? 0.002 : caller * 1000 + round;
        await call(method, args).then(
          (value) => {
            answered += 1;
            if (value !== expected) wrong += 1;
          },
          (error: unknown) => {
            if (!isFidiusError(error) || error.code !== 'FIDIUS_PROCESS_EXITED') throw error;
            lost += 1;
          },
        );
        settled += 1;
      }
    });
    let kills = 0;
    const killer = (async () => {
      while (settled < 2000 && kills < 40) {
        const running = (plugin.stats().processes ?? []).filter(({ state }) => state === 'ready');
        const pid = running[kills % Math.max(1, running.length)]?.pid;
        if (pid !== undefined) {
          pids.add(pid);
          process.kill(pid, 'SIGKILL');
          kills += 1;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await Promise.all([...callers, killer]);

    expect({ settled: answered + lost, wrong }).toEqual({ settled: 2000, wrong: 0 });
    expect(plugin.stats()).toMatchObject({ queued: 0, running: 0, succeeded: answered, failed: lost });
    for (const { pid } of plugin.stats().processes ?? []) if (pid !== undefined) pids.add(pid);
    await executor.close();
    for (const pid of pids) expect(await endsSoon(pid)).toBe(true);
    expect(descriptors()).toBeLessThanOrEqual(before + 1);
  });

  it.each(killedEnds)('leave nothing behind when their host ends in this way: %s', async (end) => {
    const { problem, report } = await runKilledChildren(7, 2000, end);

    expect(problem).toBeUndefined();
    expect(report?.kills).toBeGreaterThan(0);
  });
});
