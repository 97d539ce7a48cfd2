import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCalls } from '../support/calls.ts';
import { eventually } from '../support/eventually.ts';
import { loadProbe, openExecutor } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';
import { tempFolder } from '../support/temp-folder.ts';

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

describe('closing a plugin', () => {
  it('lets accepted calls finish, and takes no more', async () => {
    const { call, plugin } = await loadCalls(openExecutor());
    const accepted = [...times(500, (index) => call('add', [index, 1])), call('nap', [0.2]), call('nap_later', [0.2])];

    const closed = plugin.close();
    const late = failureOf(() => call('add', [1, 2]));

    expect((await late).code).toBe('FIDIUS_PLUGIN_CLOSED');
    expect(await Promise.all(accepted)).toEqual([...times(500, (index) => index + 1), 0.2, 0.2]);
    await closed;
    expect(plugin.stats()).toMatchObject({ queued: 0, running: 0, succeeded: 502 });
  });

  it('cancels and stops calls that do not finish in time', async () => {
    const { call, plugin } = await loadCalls(openExecutor());
    const [quick, endless] = [call('nap', [0.05]), failureOf(() => call('spin'))];

    await plugin.close({ timeoutMs: 2000 });

    expect(await quick).toBe(0.05);
    expect(await endless).toMatchObject({
      code: 'FIDIUS_PLUGIN_CLOSED',
      message: 'spin() of calls: the plugin was closed before the call was done',
    });
    expect(plugin.stats().outcomes).toMatchObject({ stopped: 1, stillRunning: 0 });
  });

  // Node makes 1 ms of a delay that is longer than its timers take, and warns about it.
  it.each(['thread', 'process'] as const)('waits without a limit when there is none: %s', async (executor) => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on('warning', onWarning);
    const { call, plugin } = await loadCalls(openExecutor(executor));
    const napping = call('nap', [0.2]);

    await plugin.close({ timeoutMs: Number.POSITIVE_INFINITY });

    expect(await napping).toBe(0.2);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('cancels all calls immediately with mode abort', async () => {
    const { call, plugin } = await loadCalls(openExecutor(), { maxConcurrent: 1 });
    const calls = times(400, () => failureOf(() => call('nap', [10])));
    const later = failureOf(() => call('nap_later', [10]));
    // The calls take longer than this test allows to pass: whether closing waits for them shows only in its time.
    const started = performance.now();
    await eventually(() => plugin.stats().running > 0);

    const closed = plugin.close({ mode: 'abort', timeoutMs: 300 });

    const codes = (await Promise.all([...calls, later])).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['FIDIUS_PLUGIN_CLOSED']));
    await closed;
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('waits for a limited time for code that cannot be stopped', async () => {
    const { call, plugin } = await loadCalls(openExecutor());
    const nap = failureOf(() => call('nap', [4]));
    // Answered by another thread, which takes over when the first one has been in its call for a while: then it sleeps.
    await call('add', [1, 2]);
    // The calls take longer than this test allows to pass: whether closing waits for them shows only in its time.
    const started = performance.now();

    await plugin.close({ mode: 'abort', timeoutMs: 100 });

    expect(performance.now() - started).toBeLessThan(3000);
    expect((await nap).code).toBe('FIDIUS_PLUGIN_CLOSED');
    expect(plugin.stats().outcomes.stillRunning).toBe(1);
  });
});

describe('closing a plugin in the midst of a call that goes on', () => {
  it('waits for it before it takes the modules of the package away', async () => {
    const file = join(tempFolder('result'), 'result');
    const { call, plugin } = await loadProbe(openExecutor(), {
      methods: ['work(str)'],
      lines: [
        'import time',
        'def work(file):',
        '    try:',
        '        open(file + ".begun", "w").close()',
        '        while True: pass',
        '    except BaseException: pass',
        '    end = time.monotonic() + 0.3',
        '    while time.monotonic() < end: pass',
        '    import closing_probe_late',
        '    with open(file, "w") as out: out.write(closing_probe_late.value)',
      ],
      files: { 'closing_probe_late.py': 'value = "whole"\n' },
    });
    const work = failureOf(() => call('work', [file]));
    await eventually(() => existsSync(`${file}.begun`));

    await plugin.close({ mode: 'abort', timeoutMs: 20_000 });

    expect((await work).code).toBe('FIDIUS_PLUGIN_CLOSED');
    expect(readFileSync(file, 'utf8')).toBe('whole');
    expect(plugin.stats().outcomes).toEqual({ stopped: 0, finishedAnyway: 1, stillRunning: 0 });
  });
});

describe('closing an executor', () => {
  it('settles every call exactly once', async () => {
    const executor = openExecutor('thread', { threads: 2 });
    const { call } = await loadCalls(executor);
    let settlements = 0;
    const count = () => void (settlements += 1);
    for (let index = 0; index < 1000; index += 1) {
      (index % 3 === 0 ? call('nap', [0.05]) : call('add', [index, 1])).then(count, count);
    }

    await executor.close({ timeoutMs: 300 });

    expect(settlements).toBe(1000);
  });

  it('rejects pending loads, and unloads their modules', async () => {
    const executor = openExecutor();
    await loadCalls(executor);
    const loading = failureOf(() => loadCalls(executor, {}, 'late'));

    await executor.close();

    expect((await loading).code).toBe('FIDIUS_HOST_CLOSED');
  });

  it('ends its threads', async () => {
    const [first, second] = [openExecutor(), openExecutor()];
    const witness = await loadCalls(second);
    const { call } = await loadCalls(first);
    const before = await threadsSeenBy(witness.call);
    await Promise.all(times(5, () => call('nap', [0.05])));
    expect(await threadsSeenBy(witness.call)).toBeGreaterThan(before);

    await first.close();

    await expect.poll(() => threadsSeenBy(witness.call), { timeout: 10_000 }).toBeLessThan(before);
  });

  it('closes its sockets on both sides', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.includes('Pipe')).length;
    const before = sockets();
    const executor = openExecutor();
    await loadCalls(executor);

    await executor.close();

    await eventually(() => sockets() === before, 'the end of the sockets');
    expect(sockets()).toBe(before);
  });
});

async function threadsSeenBy(call: (method: 'count_threads') => Promise<unknown>): Promise<number> {
  return (await call('count_threads')) as number;
}
