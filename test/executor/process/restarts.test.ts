import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HostNotice, ProcessEvent, ProcessNotice } from '../../../src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failure.ts';
import { openProcess } from '../../support/processes.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const soon = { delayMs: 1, maxDelayMs: 1 };
/** No restart happens in the time of a test. */
const late = { delayMs: 600_000, maxDelayMs: 600_000 };

function record() {
  const notices: HostNotice[] = [];
  const processNotices = () => notices.filter((notice): notice is ProcessNotice => notice.kind === 'process');
  return { onNotice: (notice: HostNotice) => void notices.push(notice), processNotices };
}

describe('a process that has crashed', () => {
  it('is started again, and the same plugin goes on with a new module', async () => {
    const { onNotice, processNotices } = record();
    const { call, state } = await openProcess({ restart: soon }, { onNotice });
    const before = await call('pid');

    await failureOf(() => call('run', ['os._exit(3)']));
    const after = await call('pid');

    expect(after).not.toBe(before);
    expect(state()).toMatchObject({ state: 'ready', pid: after, restarts: 1, crashes: 1 });
    expect(processNotices().map(({ event, plugins }) => [event, plugins])).toEqual([
      ['crashed', ['probe']],
      ['restarted', ['probe']],
    ]);
    expect(processNotices()[0]?.message).toMatch(/^The process ended that runs plugin probe: .*exited with code 3/);
  });

  it('is started again when it was killed while idle', async () => {
    const { call, state } = await openProcess({ restart: soon });
    const before = state().pid as number;

    process.kill(before, 'SIGKILL');
    await eventually(() => state().restarts === 1, 'the restart');

    expect(await call('pid')).not.toBe(before);
  });

  it('keeps calls waiting, in their order and with the arguments of their time', async () => {
    const { call, state } = await openProcess({ restart: { delayMs: 500 } });
    process.kill(state().pid as number, 'SIGKILL');
    await eventually(() => state().state === 'dead', 'its end');

    const list = [1];
    const calls = [call('add', [list, [2]]), call('add', ['a', 'b'])];
    list.push(9);

    expect(await Promise.all(calls)).toEqual([[1, 2], 'ab']);
  });

  it('never repeats a call that was sent', async () => {
    const marks = join(tempFolder(), 'marks');
    const { call } = await openProcess({ restart: soon });

    const error = await failureOf(() => call('run', [`open(${JSON.stringify(marks)}, "a").write("x"); os._exit(1)`]));
    const { length } = (await call('run', [`result = open(${JSON.stringify(marks)}).read()`])) as string;

    expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_EXITED', mayHaveRun: true });
    expect(length).toBe(1);
  });

  it('lets calls that wait time out and be aborted', async () => {
    const { call, plugin, state } = await openProcess({ restart: late });
    await failureOf(() => call('run', ['os._exit(1)']));
    await eventually(() => state().state === 'dead', 'its end');
    const controller = new AbortController();
    const waiting = [
      failureOf(() => call('add', [1, 2], { timeoutMs: 20 })),
      failureOf(() => call('add', [1, 2], { signal: controller.signal })),
    ];

    controller.abort();

    expect((await Promise.all(waiting)).map(({ code }) => code)).toEqual([
      'FIDIUS_CALL_TIMEOUT',
      'FIDIUS_CALL_ABORTED',
    ]);
    expect(plugin.stats()).toMatchObject({ queued: 0, cancelled: 2, failed: 1 });
  });

  it('rejects calls with `whileRestarting: "refuse"`', async () => {
    const { call, state } = await openProcess({ restart: late, whileRestarting: 'refuse' });
    await failureOf(() => call('run', ['os._exit(1)']));
    await eventually(() => state().state === 'dead', 'its end');

    expect(await failureOf(() => call('add', [1, 2]))).toMatchObject({
      code: 'FIDIUS_PROCESS_RESTARTING',
      mayHaveRun: false,
    });
  });

  it('rejects waiting calls when the plugin is closed', async () => {
    const { call, plugin, state } = await openProcess({ restart: late });
    await failureOf(() => call('run', ['os._exit(1)']));
    await eventually(() => state().state === 'dead', 'its end');
    const waiting = failureOf(() => call('add', [1, 2]));

    await plugin.close();

    expect((await waiting).code).toBe('FIDIUS_PLUGIN_CLOSED');
    expect((await failureOf(() => call('add', [1, 2]))).code).toBe('FIDIUS_PLUGIN_CLOSED');
  });

  it('keeps the figures of calls over restarts', async () => {
    const { call, plugin } = await openProcess({ restart: soon });

    await call('add', [1, 2]);
    await failureOf(() => call('run', ['os._exit(1)']));
    await call('add', [1, 2]);

    expect(plugin.stats()).toMatchObject({ succeeded: 2, failed: 1, running: 0, queued: 0 });
  });
});

describe('a process that crashes too often', () => {
  it('is not started again, and every call says why', async () => {
    const { onNotice, processNotices } = record();
    const { call, state } = await openProcess({ restart: { ...soon, maxCrashes: 3 } }, { onNotice });

    for (let times = 0; times < 3; times += 1) await failureOf(() => call('run', [`os._exit(9) # ${times}`]));
    await eventually(() => state().state === 'failed', 'the failure');
    const error = await failureOf(() => call('add', [1, 2]));

    expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_FAILED', exitCode: 9, mayHaveRun: false });
    expect(error.message).toMatch(
      /^add\(\) of probe failed: the process of probe is not started again after 3 crashes; the last one: .*code 9/,
    );
    expect(processNotices().at(-1)?.event).toBe('failed');
  });

  it('is also one that can no longer load its plugin', async () => {
    const folder = tempFolder();
    const marker = join(folder, 'marker');
    writeFileSync(marker, '');
    const { call, state } = await openProcess(
      { restart: { ...soon, maxCrashes: 3 } },
      {},
      { lines: [`open(${JSON.stringify(marker)})`] },
    );
    rmSync(marker);

    await failureOf(() => call('run', ['os._exit(1)']));
    await eventually(() => state().state === 'failed', 'the failure');

    const error = await failureOf(() => call('add', [1, 2]));
    expect(error.code).toBe('FIDIUS_PROCESS_FAILED');
    expect(error.cause).toMatchObject({ code: 'FIDIUS_IMPORT_FAILED' });
  });
});

describe('the channel fidius:process', () => {
  it('tells the states of a process', async () => {
    const events: ProcessEvent[] = [];
    const listener = (event: unknown) => void events.push(event as ProcessEvent);
    subscribe('fidius:process', listener);
    onTestFinished(() => void unsubscribe('fidius:process', listener));
    const { call, executor } = await openProcess({ restart: soon });

    await failureOf(() => call('run', ['os._exit(4)']));
    await call('add', [1, 2]);
    await executor.close();

    expect(events.map(({ state }) => state)).toEqual([
      'starting',
      'ready',
      'dead',
      'starting',
      'ready',
      'draining',
      'dead',
    ]);
    expect(events[2]).toMatchObject({ plugins: ['probe'], error: { exitCode: 4 }, restartInMs: expect.any(Number) });
  });
});
