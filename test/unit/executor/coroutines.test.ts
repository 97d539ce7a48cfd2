import { describe, expect, it } from 'vitest';
import { startPython } from '../../../src/cpython/lifecycle/start.ts';
import { failureOf } from '../../support/failure.ts';
import { loadProbe, openExecutor, type Probe } from '../support/executors.ts';

/** An unanswered call fails a test by this, with its own name. */
const answered = { timeoutMs: 20_000 };

const methods = [
  'install',
  'add',
  'later',
  'raises',
  'waits',
  'subtask',
  'exits',
  'cancels',
  'stops',
  'closes',
  'nested_run',
  'all',
];

const lines = [
  'import asyncio, gc, inspect, sys, types',
  'kept = []',
  'def wraps(loop, coro, **options):',
  '    async def wrapper(): return await coro',
  '    return asyncio.Task(wrapper(), loop=loop, **options)',
  'def inspects(loop, coro, **options):',
  '    if type(coro) is not types.CoroutineType: raise TypeError(type(coro).__name__)',
  '    kept.append([coro.__qualname__, coro.cr_code.co_name, inspect.getcoroutinestate(coro)])',
  '    return asyncio.Task(coro, loop=loop, **options)',
  'def raises_itself(loop, coro, **options):',
  '    coro.close()',
  '    raise LookupError("no tasks today")',
  'def returns_nothing(loop, coro, **options): coro.close()',
  'def drops(loop, coro, **options): return asyncio.Task(asyncio.sleep(3600), loop=loop, **options)',
  'def ends_early(loop, coro, **options):',
  '    kept.append(coro)',
  '    return asyncio.Task(asyncio.sleep(0), loop=loop, **options)',
  'def closes_it(loop, coro, **options):',
  '    async def wrapper():',
  '        coro.send(None)',
  '        coro.close()',
  '        await asyncio.sleep(3600)',
  '    return asyncio.Task(wrapper(), loop=loop, **options)',
  'def cancels_it(loop, coro, **options):',
  '    task = asyncio.Task(coro, loop=loop, **options)',
  '    task.cancel()',
  '    return task',
  'def swallows(loop, coro, **options):',
  '    async def wrapper():',
  '        try: await coro',
  '        except ValueError as error: kept.append(repr(error))',
  '    return asyncio.Task(wrapper(), loop=loop, **options)',
  'async def install(name):',
  '    factory = getattr(asyncio, name, None) or globals()[name]',
  '    asyncio.get_running_loop().set_task_factory(factory)',
  'async def add(a, b):',
  '    await asyncio.sleep(0)',
  '    return a + b',
  'async def later(): return asyncio.sleep(0, "awaited")',
  'async def raises():',
  '    await asyncio.sleep(0)',
  '    raise ValueError("out of a coroutine")',
  'async def waits(): await asyncio.get_running_loop().create_future()',
  'async def subtask(): return await asyncio.create_task(asyncio.sleep(0, "done"))',
  'async def exits(code):',
  '    await asyncio.sleep(0)',
  '    sys.exit(code)',
  'async def cancels():',
  '    asyncio.current_task().cancel()',
  '    await asyncio.sleep(0)',
  'async def stops():',
  '    asyncio.get_running_loop().stop()',
  '    await asyncio.sleep(0)',
  '    return "went on"',
  'async def closes():',
  '    loop = asyncio.get_running_loop()',
  '    loop.is_running = lambda: False',
  '    loop.close()',
  '    await asyncio.sleep(0)',
  'async def nested_run():',
  '    coroutine = asyncio.sleep(0)',
  '    try: asyncio.run(coroutine)',
  '    finally: coroutine.close()',
  'def all(): return kept',
];

const load = (options = {}) => loadProbe(openExecutor(), { methods, lines, options });

async function loadWithFactory(name: string): Promise<Probe> {
  const probe = await load();
  await probe.call('install', [name], answered);
  return probe;
}

describe('an asynchronous call of a plugin whose task factory', () => {
  it('wraps the coroutine is answered with what the coroutine gave', async () => {
    const { call } = await loadWithFactory('wraps');

    expect(await call('add', [1, 2], answered)).toBe(3);
    expect(await call('subtask', [], answered)).toBe('done');
    expect(await call('later', [], answered)).toBe('awaited');
    await expect(call('raises', [], answered)).rejects.toMatchObject({ code: 'ValueError' });
  });

  it('looks into the coroutine finds a real one, with the name of the method', async () => {
    const { call } = await loadWithFactory('inspects');

    expect(await call('add', [1, 2], answered)).toBe(3);
    expect(await call('all', [], answered)).toEqual([['add', expect.any(String), 'CORO_CREATED']]);
  });

  it('awaits the coroutine sees the exception that ended it', async () => {
    const { call } = await loadWithFactory('swallows');

    await expect(call('raises', [], answered)).rejects.toMatchObject({ message: 'out of a coroutine' });
    // The call is answered first.
    await expect.poll(() => call('all', [], answered)).toEqual(["ValueError('out of a coroutine')"]);
  });

  it.each([
    ['raises_itself', 'LookupError', 'no tasks today'],
    ['returns_nothing', 'AttributeError', "'NoneType' object has no attribute"],
    ['drops', 'CoroutineDropped', 'cancelled, closed or dropped'],
    ['closes_it', 'CoroutineDropped', 'cancelled, closed or dropped'],
    ['ends_early', 'CoroutineDropped', 'the task of the call ended before its coroutine'],
    ['cancels_it', 'CancelledError', ''],
  ])('%s is answered with an error that says so', async (factory, code, message) => {
    const { call } = await loadWithFactory(factory);

    for (let round = 0; round < 2; round += 1) {
      await expect(call('add', [1, 2], answered)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message),
      });
    }
  });

  it('makes eager tasks is answered', async ({ skip }) => {
    skip(Number(startPython().facts.version.split('.')[1]) < 12, 'eager tasks came with CPython 3.12');
    const { call } = await loadWithFactory('eager_task_factory');

    expect(await call('add', [1, 2], answered)).toBe(3);
    await expect(call('raises', [], answered)).rejects.toMatchObject({ code: 'ValueError' });
  });

  it('wraps the coroutine can be aborted', async () => {
    const { call, plugin } = await loadWithFactory('wraps');

    expect((await failureOf(() => call('waits', [], { timeoutMs: 50 }))).code).toBe('FIDIUS_CALL_TIMEOUT');
    await plugin.close();

    expect(plugin.stats().outcomes).toMatchObject({ stopped: 1, stillRunning: 0 });
  });

  it('drops the coroutine does not keep the thread of the plugin from ending', async () => {
    const executor = openExecutor();
    const observer = await loadProbe(executor, {
      methods: ['threads'],
      lines: ['import threading', 'def threads(): return [thread.name for thread in threading.enumerate()]'],
    });
    const { call, plugin } = await loadProbe(executor, { methods, lines, name: 'dropping' });
    await call('install', ['drops'], answered);
    await expect(call('add', [1, 2], answered)).rejects.toMatchObject({ code: 'CoroutineDropped' });
    const names = async () => (await observer.call('threads')) as string[];
    expect(await names()).toContain('fidius-loop-dropping');

    await plugin.close();

    await expect.poll(names, { timeout: 10_000 }).not.toContain('fidius-loop-dropping');
  });
});

describe('an asynchronous call', () => {
  it.each(['exits', 'cancels'])('that %s is answered, and the next one as well', async (method) => {
    const { call } = await load();
    const code = method === 'exits' ? 'SystemExit' : 'CancelledError';
    const args = method === 'exits' ? [3] : [];

    await expect(call(method, args, answered)).rejects.toMatchObject({ code });

    expect(await call('add', [1, 2], answered)).toBe(3);
  });

  it('that exits under a task factory ends neither the loop nor the call', async () => {
    const { call } = await loadWithFactory('wraps');

    await expect(call('exits', [3], answered)).rejects.toMatchObject({ code: 'SystemExit' });

    expect(await call('add', [1, 2], answered)).toBe(3);
  });

  it('that stops the loop goes on', async () => {
    const { call } = await load();

    expect(await call('stops', [], answered)).toBe('went on');
    expect(await call('add', [1, 2], answered)).toBe(3);
  });

  it('that closes the loop is answered, like all others under way, and later ones have another loop', async () => {
    const { call } = await load();
    const waiting = call('waits', [], answered);

    const closing = call('closes', [], answered);

    for (const each of [closing, waiting]) {
      await expect(each).rejects.toMatchObject({
        code: expect.stringMatching(/^(CoroutineDropped|RuntimeError)$/),
        message: expect.stringMatching(/closed/),
      });
    }
    expect(await call('add', [1, 2], answered)).toBe(3);
    expect(await call('subtask', [], answered)).toBe('done');
  });

  it('that closes the loop of a plugin with ownThread is answered, and later ones as well', async () => {
    const { call } = await load({ ownThread: true });

    await expect(call('closes', [], answered)).rejects.toMatchObject({ message: expect.stringMatching(/closed/) });

    expect(await call('add', [1, 2], answered)).toBe(3);
    expect(await call('all', [], answered)).toEqual([]);
  });

  it('that runs a loop inside its own is answered with what Python says', async () => {
    const { call } = await load();

    await expect(call('nested_run', [], answered)).rejects.toMatchObject({
      code: 'RuntimeError',
      message: expect.stringContaining('cannot be called from a running event loop'),
    });
  });

  it('is answered when encoding its result exits', async () => {
    const { call } = await loadProbe(openExecutor(), {
      methods: ['later', 'now', 'add'],
      lines: [
        'import dataclasses, sys',
        '@dataclasses.dataclass',
        'class Exits:',
        '    name: str',
        '    def __getattribute__(self, name): return sys.exit(4) if name == "name" else super().__getattribute__(name)',
        'async def later(): return Exits("")',
        'def now(): return Exits("")',
        'def add(a, b): return a + b',
      ],
    });

    await expect(call('later', [], answered)).rejects.toMatchObject({ code: 'SystemExit' });
    await expect(call('now', [], answered)).rejects.toMatchObject({ code: 'SystemExit' });
    expect(await call('add', [1, 2], answered)).toBe(3);
  });
});

describe('a coroutine', () => {
  it('runs on the loop of its plugin also behind a decorator that hides it', async () => {
    const { call, plugin } = await loadProbe(openExecutor(), {
      methods: ['hidden'],
      lines: [
        'import asyncio, functools',
        'def decorated(function):',
        '    @functools.wraps(function)',
        '    def call(*args): return function(*args)',
        '    return call',
        '@decorated',
        'async def hidden(value):',
        '    await asyncio.sleep(0.01)',
        '    return value',
      ],
    });

    const values = Array.from({ length: 20 }, (_, index) => index);
    expect(plugin.methods).toEqual(['function']);
    expect(await Promise.all(values.map((value) => call('hidden', [value])))).toEqual(values);
  });
});
