import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failure.ts';
import { openProcess } from '../../support/processes.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const restart = { delayMs: 1, maxDelayMs: 1, maxCrashes: 100 };
const deadly = ['os._exit(6)'];

type Call = Awaited<ReturnType<typeof openProcess>>['call'];

const codeOf = async (call: Call, method: string, args: readonly unknown[]) =>
  (await failureOf(() => call(method, args))).code;

describe('a call that was in flight at two crashes', () => {
  it('is refused with the reason of the last crash, and other calls go on', async () => {
    const { call, state } = await openProcess({ restart });
    for (let times = 0; times < 2; times += 1) await failureOf(() => call('run', deadly));

    const error = await failureOf(() => call('run', deadly));

    expect(error).toMatchObject({
      code: 'FIDIUS_PROCESS_POISONED',
      message:
        'Cannot call run() of probe with these arguments: its process has ended 2 times while this call was in flight',
      exitCode: 6,
      mayHaveRun: false,
      cause: { code: 'FIDIUS_PROCESS_EXITED', exitCode: 6 },
    });
    expect(await call('run', ['result = 1'])).toBe(1);
    expect(await call('add', [1, 2])).toBe(3);
    expect(state().crashes).toBe(2);
  });

  it('is known by its method and by its arguments', async () => {
    const { call } = await openProcess(
      { restart },
      {},
      { lines: ['def deaf(*given): os._exit(6)', 'def spin(*given): os._exit(6)'] },
    );
    for (let times = 0; times < 2; times += 1) await failureOf(() => call('spin', []));

    expect(await codeOf(call, 'spin', [])).toBe('FIDIUS_PROCESS_POISONED');
    expect(await codeOf(call, 'deaf', [])).toBe('FIDIUS_PROCESS_EXITED');
    for (const source of ['os._exit(1)', 'os._exit(2)', 'os._exit(3)']) {
      expect(await codeOf(call, 'run', [source])).toBe('FIDIUS_PROCESS_EXITED');
    }
  });

  it('is refused at all processes of the plugin', async () => {
    const { call, state, plugin } = await openProcess({ restart, instances: 2 });
    await failureOf(() => call('run', deadly));
    await failureOf(() => call('run', deadly));
    await eventually(() => plugin.stats().processes?.every((each) => each.state === 'ready') === true, 'the restarts');

    for (let times = 0; times < 4; times += 1)
      expect(await codeOf(call, 'run', deadly)).toBe('FIDIUS_PROCESS_POISONED');
    expect(state().state).toBe('ready');
  });

  it('counts once for each crash, however often it was in flight', async () => {
    const { call, state } = await openProcess({ restart });
    const naps = Array.from({ length: 3 }, () => failureOf(() => call('nap', [60])));
    await call('add', [1, 2]);

    process.kill(state().pid as number, 'SIGKILL');

    for (const { code } of await Promise.all(naps)) expect(code).toBe('FIDIUS_PROCESS_EXITED');
    const again = failureOf(() => call('nap', [60]));
    await call('add', [1, 2]);
    process.kill(state().pid as number, 'SIGKILL');
    expect((await again).code).toBe('FIDIUS_PROCESS_EXITED');
    expect(await codeOf(call, 'nap', [60])).toBe('FIDIUS_PROCESS_POISONED');
  });

  it('is no longer suspected when it was answered', async () => {
    const flag = join(tempFolder(), 'flag');
    // Exits at every second time.
    const source = `p = ${JSON.stringify(flag)}; os.path.exists(p) and (os.remove(p) or os._exit(6)); open(p, "w").close(); result = 1`;
    const { call } = await openProcess({ restart });

    for (let times = 0; times < 3; times += 1) {
      expect(await call('run', [source])).toBe(1);
      expect(await codeOf(call, 'run', [source])).toBe('FIDIUS_PROCESS_EXITED');
    }
  });

  it('is tried again after `healthyAfterMs`, and refused after one more crash', async () => {
    const { call } = await openProcess({ restart: { ...restart, healthyAfterMs: 300 } });
    for (let times = 0; times < 2; times += 1) await failureOf(() => call('run', deadly));

    let code = await codeOf(call, 'run', deadly);
    while (code === 'FIDIUS_PROCESS_POISONED') code = await codeOf(call, 'run', deadly);

    expect(code).toBe('FIDIUS_PROCESS_EXITED');
    expect(await codeOf(call, 'run', deadly)).toBe('FIDIUS_PROCESS_POISONED');
  });

  it('is refused also if it was made while the process was started again', async () => {
    const { call, plugin, state } = await openProcess({ restart: { ...restart, delayMs: 300, maxDelayMs: 300 } });
    for (let times = 0; times < 2; times += 1) await failureOf(() => call('run', deadly));
    await eventually(() => state().state === 'dead', 'its end');

    const waiting = failureOf(() => call('run', deadly));
    expect(plugin.stats().queued).toBe(1);

    expect((await waiting).code).toBe('FIDIUS_PROCESS_POISONED');
  });

  it('is never refused with `refuseAfterCrashes: false`, or with more than 64 KiB of arguments', async () => {
    const never = await openProcess({ restart, refuseAfterCrashes: false });
    const large = await openProcess({ restart });
    const source = `os._exit(6) # ${'x'.repeat(64 * 1024)}`;

    for (let times = 0; times < 4; times += 1) {
      expect(await codeOf(never.call, 'run', deadly)).toBe('FIDIUS_PROCESS_EXITED');
      expect(await codeOf(large.call, 'run', [source])).toBe('FIDIUS_PROCESS_EXITED');
    }
  });

  it('is not one that the host has ended after its deadline', async () => {
    const { call } = await openProcess({ restart, terminateAfterMs: 0, killAfterMs: 0 });

    for (let times = 0; times < 3; times += 1) {
      const error = await failureOf(() => call('hold', [], { timeoutMs: 50 }));
      expect(error.code).toBe('FIDIUS_CALL_TIMEOUT');
    }
  });
});
