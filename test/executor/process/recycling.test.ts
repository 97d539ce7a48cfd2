import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PluginHost } from '../../../src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failure.ts';
import { writePlugin } from '../../support/plugin-folders.ts';
import { endsSoon, openProcess } from '../../support/processes.ts';
import { interfaceOf } from '../../support/signatures.ts';
import { tempFolder } from '../../support/temp-folder.ts';

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

describe('a process without calls', () => {
  it('is ended, and the next call starts another one', async () => {
    const { call, plugin, state } = await openProcess({ recycle: { idleMs: 50 }, whileRestarting: 'refuse' });
    const first = await call('pid');
    await eventually(() => state().state === 'idle', 'the end of the process');

    expect(await endsSoon(first as number)).toBe(true);
    expect(state()).toMatchObject({ pid: undefined, restarts: 0, crashes: 0, recycles: 0 });
    const answers = await Promise.all([call('pid'), call('add', [1, 2])]);

    expect(answers).toEqual([expect.not.toBeOneOf([first]), 3]);
    expect(state()).toMatchObject({ state: 'ready', restarts: 0 });
    expect(plugin.stats()).toMatchObject({ succeeded: 3, failed: 0, queued: 0 });
  });

  it('is not ended while a call runs', async () => {
    const { call, state } = await openProcess({ recycle: { idleMs: 20 } });

    const answer = await call('nap', [0.5]);

    expect(answer).toBe(0.5);
    await eventually(() => state().state === 'idle', 'the end of the process');
  });

  it('is closed when it was ended', async () => {
    const { plugin, state, executor } = await openProcess({ recycle: { idleMs: 20 } });
    await eventually(() => state().state === 'idle', 'the end of the process');

    await plugin.close();
    await executor.close();

    expect(plugin.stats()).toMatchObject({ queued: 0, running: 0 });
  });
});

describe('a spare process', () => {
  it('takes the place of one that has crashed, and another one is started', async () => {
    const { call, state } = await openProcess({ spare: true });
    await eventually(() => state().hasSpare, 'the spare process');
    const first = await call('pid');

    const failure = await failureOf(() => call('run', ['os._exit(3)']));
    const second = await call('pid');

    expect(failure.code).toBe('FIDIUS_PROCESS_EXITED');
    expect(second).not.toBe(first);
    expect(state()).toMatchObject({ state: 'ready', crashes: 1, restarts: 1 });
    await eventually(() => state().hasSpare, 'the next spare process');
  });

  it('does not prevent that a process which crashes too often is not started again', async () => {
    const { call, state } = await openProcess({ spare: true, restart: { maxCrashes: 2, delayMs: 1 } });
    for (const crashes of [1, 2]) {
      await eventually(() => state().hasSpare, 'the spare process');
      await failureOf(() => call('run', ['os._exit(3)']));
      await eventually(() => state().crashes === crashes, 'the crash');
    }

    const failure = await failureOf(() => call('pid'));

    expect(failure.code).toBe('FIDIUS_PROCESS_FAILED');
    expect(state().hasSpare).toBe(false);
  });

  it.runIf(process.platform === 'linux')(
    'is one process, however many plugins are loaded at the same time',
    async () => {
      const searchPath = tempFolder();
      const Adder = interfaceOf(['add: any']);
      const names = ['spare_a', 'spare_b', 'spare_c', 'spare_d'];
      for (const name of names) writePlugin(searchPath, name, Adder, 'def add(): return 1');
      const host = await PluginHost.open({ searchPaths: [searchPath], executor: 'process' });
      onTestFinished(() => host.close({ mode: 'abort' }));
      // Each load asks for a spare process with all plugins, while others are being prepared or ended.
      const plugins = await Promise.all(
        names.map((name) => host.load(name, Adder, { process: { group: 'spared', spare: true } })),
      );
      await eventually(() => plugins[0]?.stats().processes?.[0]?.hasSpare === true, 'the spare process');
      await eventually(() => childrenOf(process.pid).length <= 2, 'the end of all others');

      expect(childrenOf(process.pid)).toHaveLength(2);
      await host.close();
      expect(childrenOf(process.pid)).toEqual([]);
    },
  );

  it.runIf(process.platform === 'linux')('is not prepared any more when the plugin is closed', async () => {
    const { plugin } = await openProcess({ spare: true });
    const renewed = plugin.restart?.();
    renewed?.catch(() => {});

    await plugin.close();

    await eventually(() => childrenOf(process.pid).length === 0, 'the end of all processes');
    expect(childrenOf(process.pid)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('ends with the plugin', async () => {
    const { plugin, state } = await openProcess({ spare: true });
    await eventually(() => state().hasSpare, 'the spare process');
    const children = childrenOf(process.pid);

    await plugin.close();

    expect(children.length).toBeGreaterThanOrEqual(2);
    for (const child of children) expect(await endsSoon(child)).toBe(true);
  });
});

function childrenOf(pid: number): readonly number[] {
  const list = readFileSync(`/proc/self/task/${pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

describe('a process that is asked to restart', () => {
  it('while it starts runs the code of now when that is done', async () => {
    const { call, plugin, state } = await openProcess();
    const pids = new Set([await call('pid')]);

    const first = plugin.restart?.();
    await failureOf(() => call('run', ['os._exit(3)']));
    await first;
    await eventually(() => state().state === 'starting' || state().state === 'ready', 'the restart');
    await plugin.restart?.();

    expect(state().state).toBe('ready');
    expect(pids.has(await call('pid'))).toBe(false);
  });

  it('while it was ended because it had no calls is not counted as a restart', async () => {
    const { call, plugin, state } = await openProcess({ recycle: { idleMs: 20 } });
    await eventually(() => state().state === 'idle', 'the end of the process');

    await plugin.restart?.();

    expect(state().restarts).toBe(0);
    expect(await call('add', [1, 2])).toBe(3);
  });
});
