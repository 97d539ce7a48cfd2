import { describe, expect, it, onTestFinished } from 'vitest';
import { PluginHost } from '../../src/index.ts';
import { loadCalls } from '../support/calls.ts';
import { eventually } from '../support/eventually.ts';
import { loadProbe, openExecutor } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter } from '../support/greeter.ts';
import { writeGreeter } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

describe('calls that wait in Python', () => {
  it('overlap up to the size of the pool', async () => {
    const { call } = await loadProbe(openExecutor('thread', { threads: 9 }), {
      methods: ['meet(): i32'],
      lines: ['import threading', 'meeting = threading.Barrier(8)', 'def meet(): return meeting.wait(30)'],
    });

    // None of them returns before eight of them run.
    const places = await Promise.all(times(16, () => call('meet')));

    expect(new Set(places)).toEqual(new Set(times(8, (index) => index)));
  });

  it('have threads that are counted as they come', async () => {
    const executor = openExecutor('thread', { threads: 4 });
    const { call } = await loadCalls(executor);
    await eventually(() => executor.stats().threads > 0);

    await Promise.all(times(16, () => call('nap', [0.05])));

    await eventually(() => executor.stats().threads === 4);
    expect(executor.stats()).toMatchObject({ stuckThreads: 0, queued: 0, running: 0 });
  });

  it('do not hold up short ones', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['wait(): bool', 'add(i32, i32): i32', 'go_on'],
      lines: [
        'import threading',
        'going = threading.Event()',
        'def wait(): return going.wait(60)',
        'def add(a, b): return a + b',
        'go_on = going.set',
      ],
    });
    const waiting = Promise.all(times(3, () => call('wait')));

    for (let index = 0; index < 20; index += 1) expect(await call('add', [1, index])).toBe(1 + index);
    await call('go_on');

    expect(await waiting).toEqual([true, true, true]);
  });

  it('run no more at a time than the plugin may', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['work', 'peak(): i32'],
      lines: [
        'import threading, time',
        'lock = threading.Lock()',
        'running = most = 0',
        'def work():',
        '    global running, most',
        '    with lock:',
        '        running += 1',
        '        most = max(most, running)',
        '    time.sleep(0.01)',
        '    with lock: running -= 1',
        'def peak(): return most',
      ],
      options: { maxConcurrent: 2 },
    });

    await Promise.all(times(40, () => call('work')));

    expect(await call('peak')).toBe(2);
  });

  it('run one at a time, in their order, when the plugin wants that', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['work(i32)', 'log(): [i32]'],
      lines: [
        'import time',
        'done = []',
        'def work(index):',
        '    begun = len(done)',
        '    time.sleep(0.002 if index % 3 else 0.02)',
        '    assert len(done) == begun',
        '    done.append(index)',
        'def log(): return done',
      ],
      options: { maxConcurrent: 1 },
    });

    await Promise.all(times(30, (index) => call('work', [index])));

    expect(await call('log')).toEqual(times(30, (index) => index));
  });
});

describe('a plugin with many calls', () => {
  it('does not starve another one', async () => {
    const executor = openExecutor('thread', { threads: 4 });
    const greedy = await loadCalls(executor, {}, 'greedy');
    const modest = await loadCalls(executor, {}, 'modest');
    let greedyDone = 0;
    const all = Promise.allSettled(times(2000, () => greedy.call('nap', [0.005]).then(() => (greedyDone += 1))));
    await eventually(() => greedyDone > 10);

    for (let index = 0; index < 10; index += 1) expect(await modest.call('add', [1, index])).toBe(index + 1);

    expect(greedyDone).toBeLessThan(1000);
    await greedy.plugin.close({ mode: 'abort' });
    await all;
  });

  it('is refused one more than its queue may hold, without harm to the others', async () => {
    const { call, plugin } = await loadCalls(openExecutor(), { maxQueued: 5, maxConcurrent: 1 });
    const accepted = times(256 + 5, (index) => call('add', [index, 1]));

    const error = await failureOf(() => call('add', [1, 2]));

    expect(error).toMatchObject({
      code: 'FIDIUS_QUEUE_FULL',
      message: 'Cannot call add() of calls: 5 calls of this plugin are waiting, which is the limit',
    });
    expect(await Promise.all(accepted)).toEqual(times(261, (index) => index + 1));
    expect(plugin.stats()).toMatchObject({ succeeded: 261, failed: 1 });
    expect(await call('add', [1, 2])).toBe(3);
  });

  it('has each of ten thousand calls at once answered with its own result', async () => {
    const { call } = await loadCalls(openExecutor());

    const sums = await Promise.all(times(10_000, (index) => call('add', [index, index])));

    expect(sums).toEqual(times(10_000, (index) => 2 * index));
  });
});

describe('coroutines', () => {
  it('overlap, many of them, on one loop', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['meet(): str'],
      lines: [
        'import asyncio, threading',
        'met = []',
        'async def meet():',
        '    met.append(threading.current_thread().name)',
        '    while len(met) < 250: await asyncio.sleep(0.01)',
        '    return met[-1]',
      ],
    });

    // None of them returns before 250 of them run.
    const names = await Promise.all(times(500, () => call('meet')));

    expect(new Set(names)).toEqual(new Set(['fidius-loop-probe']));
  });

  it('raise like any function, exits included', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['leave', 'go_on(): str'],
      lines: ['import sys', 'async def leave(): sys.exit(3)', 'async def go_on(): return "still here"'],
    });

    await expect(call('leave')).rejects.toMatchObject({ name: 'PluginError', pythonType: 'SystemExit' });
    expect(await call('go_on')).toBe('still here');
  });

  it('may be run eagerly, where Python can', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['begin_eagerly', 'at_once(i32): i32', 'later(i32): i32', 'fail(i32)', 'count_tasks(): i32'],
      lines: [
        'import asyncio, gc',
        'async def begin_eagerly():',
        '    factory = getattr(asyncio, "eager_task_factory", None)',
        '    asyncio.get_running_loop().set_task_factory(factory)',
        'async def at_once(value): return value',
        'async def later(value):',
        '    await asyncio.sleep(0.01)',
        '    return value',
        'async def fail(value): raise KeyError(value)',
        'def count_tasks():',
        '    gc.collect()',
        '    return sum(isinstance(each, asyncio.Task) for each in gc.get_objects())',
      ],
    });
    await call('begin_eagerly');

    const values = times(50, (index) => index);
    expect(await Promise.all(values.map((value) => call('at_once', [value])))).toEqual(values);
    expect(await Promise.all(values.map((value) => call('later', [value])))).toEqual(values);
    await expect(call('fail', [7])).rejects.toMatchObject({ code: 'KeyError' });
    expect(await call('at_once', [50])).toBe(50);
    // Of a hundred and more that were made.
    expect(await call('count_tasks')).toBeLessThan(10);
  });

  it('keep their background tasks going between calls', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['start', 'count(): i32'],
      lines: [
        'import asyncio',
        'ticks = 0',
        'async def tick():',
        '    global ticks',
        '    while True:',
        '        ticks += 1',
        '        await asyncio.sleep(0.005)',
        'async def start():',
        '    global task',
        '    task = asyncio.get_running_loop().create_task(tick())',
        'def count(): return ticks',
      ],
    });

    await call('start');

    await expect.poll(() => call('count'), { timeout: 10_000 }).toBeGreaterThan(3);
  });
});

describe('a plugin with ownThread', () => {
  it('is imported and called on that thread alone', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['names(): [str]', 'names_later(): [str]'],
      lines: [
        'import threading',
        'imported = threading.current_thread().name',
        'def names(): return [imported, threading.current_thread().name]',
        'async def names_later(): return [imported, threading.current_thread().name]',
      ],
      options: { ownThread: true },
    });

    const all = await Promise.all([...times(20, () => call('names')), ...times(20, () => call('names_later'))]);

    expect(new Set(all.flat())).toEqual(new Set(['fidius-loop-probe']));
  });

  it('cannot be called on the thread of JavaScript', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    const host = await PluginHost.open({ searchPaths: [folder] });
    onTestFinished(() => host.close());
    const greeter = await host.load('greeter', Greeter, { ownThread: true });

    const error = await failureOf(() => greeter.sync);

    expect(error).toMatchObject({
      code: 'FIDIUS_CALL_SYNC',
      message: 'Plugin greeter runs on its own thread, or in another process, and cannot be called on this thread',
    });
    expect(await greeter.client.greet('you')).toBe('Hello, you');
  });

  it('can be cancelled while it imports and while it runs', async () => {
    const executor = openExecutor();
    const options = { ownThread: true, loadTimeoutMs: 100 };
    const failure = await failureOf(() => loadProbe(executor, { methods: [], lines: ['while True: pass'], options }));
    expect(failure.code).toBe('FIDIUS_LOAD_TIMEOUT');

    const { call, plugin } = await loadCalls(executor, { ownThread: true });
    await failureOf(() => call('spin', [], { timeoutMs: 300 }));
    await eventually(() => plugin.stats().outcomes.stopped === 1);
    expect(await call('add', [1, 2])).toBe(3);
  });
});

describe('two executors in one process', () => {
  it('wait as long as it takes, also when a plugin has set a time limit for sockets', async () => {
    const { call: limit } = await loadProbe(openExecutor(), {
      methods: ['limit(?f64)'],
      lines: ['import socket', 'limit = socket.setdefaulttimeout'],
    });
    const executor = openExecutor();
    await limit('limit', [0.1]);
    const loading = loadCalls(executor);
    await Promise.allSettled([loading]);
    await limit('limit', [null]);
    const { call } = await loading;

    // Longer than the limit, which was set for sockets while they waited.
    await new Promise((resolve) => setTimeout(resolve, 400));

    expect(await call('add', [1, 2])).toBe(3);
  });

  it('know nothing of each other', async () => {
    const [first, second] = [openExecutor(), openExecutor()];
    const [one, two] = [await loadCalls(first, {}, 'one'), await loadCalls(second, {}, 'two')];

    expect(await Promise.all([one.call('add', [1, 2]), two.call('add', [3, 4])])).toEqual([3, 7]);
    await first.close();

    expect((await failureOf(() => one.call('add', [1, 2]))).code).toBe('FIDIUS_PLUGIN_CLOSED');
    expect(await two.call('add', [5, 6])).toBe(11);
  });
});
