import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  defineInterface,
  type ExecutorName,
  executorNames,
  isPluginError,
  method,
  PluginHost,
  t,
} from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Row = t.struct('Row', { id: t.i64, name: t.string, price: t.f64, tags: t.list(t.string) });

const Streams = defineInterface('Streams', {
  version: 1,
  methods: {
    tick: method({ count: t.u32 }, t.stream(t.u32)),
    slow_tick: method([{ count: t.u32 }, { marker: t.string }], t.stream(t.u32)),
    rows: method({ count: t.u32 }, t.stream(Row)),
    blobs: method({ count: t.u32 }, t.stream(t.bytes)),
    floats: method({ count: t.u32 }, t.stream(t.f64)),
    listed: method({ count: t.u32 }, t.stream(t.u32)),
    reused: method({ count: t.u32 }, t.stream(t.list(t.u32))),
    fails: method({ count: t.u32 }, t.stream(t.u32)),
    odd: method({ count: t.u32 }, t.stream(t.u32)),
    foreign: method({ count: t.u32 }, t.stream(t.u32)),
    nothing: method({ count: t.u32 }, t.stream(t.u32)),
    late: method({ count: t.u32 }, t.stream(t.u32)),
    tick_later: method([{ count: t.u32 }, { marker: t.string }], t.stream(t.u32)),
    total: method([{ start: t.u32 }, { items: t.stream(t.u32) }], t.u64),
    total_later: method({ items: t.stream(t.u32) }, t.u64),
    first: method([{ items: t.stream(t.u32) }, { count: t.u32 }], t.list(t.u32)),
    caught: method({ items: t.stream(t.u32) }, t.string),
    kept: method({ items: t.stream(t.u32) }, t.u32),
    use_kept: method({}, t.string),
    double: method({ items: t.stream(t.u32) }, t.stream(t.u32)),
    double_later: method({ items: t.stream(t.u32) }, t.stream(t.u32)),
    crash: method({ count: t.u32 }, t.stream(t.u32)),
    add: method([{ a: t.i64 }, { b: t.i64 }], t.i64),
    produced: method({}, t.u32),
  },
});

const lines = String.raw`
import asyncio, os, time, threading
from dataclasses import dataclass
from decimal import Decimal

made = 0
kept = None

def tick(count):
    global made
    for n in range(count):
        made = n + 1
        yield n

def slow_tick(count, marker):
    try:
        for n in range(count):
            yield n
            time.sleep(0.01)
    finally:
        with open(marker, 'a') as file:
            file.write('closed on the same thread\n' if threading.current_thread() is thread_of(slow_tick) else 'closed\n')

def thread_of(_):
    return None

def rows(count):
    for n in range(count):
        yield {'id': n, 'name': 'row %d' % n, 'price': n / 2, 'tags': ['a', 'b']}

def blobs(count):
    for n in range(count):
        yield bytes([n % 256]) * 100_000

def floats(count):
    for n in range(count):
        yield float(n)

def listed(count):
    return list(range(count))

def reused(count):
    row = [0, 0]
    for n in range(count):
        row[0] = n
        yield row

def fails(count):
    for n in range(count):
        yield n
    raise LookupError('no more after %d' % count)

def odd(count):
    for n in range(count):
        yield n
    yield {'unexpected': {complex(1, 2)}}

def foreign(count):
    for n in range(count):
        yield n
    yield 'text'

def nothing(count):
    return 7

def late(count):
    time.sleep(0.05)
    raise ValueError('before the first item')
    yield

async def tick_later(count, marker):
    try:
        for n in range(count):
            yield n
            await asyncio.sleep(0)
    finally:
        await asyncio.sleep(0)
        with open(marker, 'a') as file:
            file.write('closed\n')

def total(items, start):
    return start + sum(items)

async def total_later(items):
    result = 0
    async for item in items:
        result += item
    return result

def first(items, count):
    return [item for item, _ in zip(items, range(count))]

def caught(items):
    try:
        for item in items: pass
    except Exception as error:
        return '%s: %s' % (type(error).__name__, error)
    return 'none'

def use_kept():
    try:
        return str(next(kept, 'ended'))
    except BaseException as error:
        return type(error).__name__

def keep(items):
    global kept
    kept = items
    return next(items)

globals()['kept_method'] = keep

def double(items):
    for item in items:
        yield 2 * item

async def double_later(items):
    async for item in items:
        yield 2 * item

def crash(count):
    for n in range(count):
        yield n
    os._exit(9)

def add(a, b):
    return a + b

def produced():
    return made
`.split('\n');

const entry = [...lines.filter((line) => !line.startsWith('globals()')), 'iterator_box = []', ''];

const names = Object.fromEntries(executorNames.map((executor) => [executor, `streams_${executor}`]));

/** Loads the plugin. */
async function load(executor: ExecutorName) {
  const searchPath = tempFolder();
  const name = names[executor] as string;
  const source = [
    ...entry,
    'def kept(items):',
    '    iterator_box.append(items)',
    '    return next(items)',
    'def use_kept():',
    '    try: return str(next(iterator_box[-1], "ended"))',
    '    except BaseException as error: return type(error).__name__',
  ];
  writePlugin(searchPath, name, Streams, ...source);
  const host = await PluginHost.open({ searchPaths: [searchPath], executor, onOutput: () => {} });
  onTestFinished(() => host.close({ mode: 'abort' }));
  const plugin = await host.load(name, Streams);
  return { host, plugin, client: plugin.client, marker: join(searchPath, 'marker') };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The error that something fails with, also one of a plugin. */
async function errorOf(attempt: () => unknown): Promise<Error & { readonly code?: string }> {
  try {
    await attempt();
  } catch (error) {
    return error as Error;
  }
  throw new Error('The attempt did not fail');
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe.each(executorNames)('a stream that a method returns, with the executor %s,', (executor) => {
  it('delivers every item in its order', async () => {
    const { client } = await load(executor);

    expect(await collect(client.tick(0))).toEqual([]);
    expect(await collect(client.tick(1))).toEqual([0]);
    expect(await collect(client.tick(5000))).toEqual(upTo(5000));
    expect(await collect(client.listed(50))).toEqual(upTo(50));
  });

  it('delivers exact values of every type', async () => {
    const { client } = await load(executor);

    expect(await collect(client.rows(300))).toEqual(
      upTo(300).map((n) => ({ id: BigInt(n), name: `row ${n}`, price: n / 2, tags: ['a', 'b'] })),
    );
    expect(await collect(client.floats(20))).toEqual(upTo(20));
    expect((await collect(client.blobs(20))).map((blob) => [blob.length, blob[0], blob.at(-1)])).toEqual(
      upTo(20).map((n) => [100_000, n, n]),
    );
  });

  it('delivers an object as it was when it was yielded', async () => {
    const { client } = await load(executor);

    expect(await collect(client.reused(100))).toEqual(upTo(100).map((n) => [n, 0]));
  });

  it('produces nothing before the first item is asked for, and no more than its window', async () => {
    const { client } = await load(executor);
    const stream = client.tick(1_000_000, { window: 4 });
    expect(await client.produced()).toBe(0);

    const first = await stream.next();
    await new Promise((resolve) => setTimeout(resolve, 50));

    expect(first).toEqual({ done: false, value: 0 });
    expect(await client.produced()).toBeLessThanOrEqual(5);
    await stream.return();
  });

  it('produces little ahead of a consumer that takes its time', async () => {
    const { client } = await load(executor);
    let ahead = 0;
    let taken = 0;
    for await (const _ of client.tick(1_000_000)) {
      taken += 1;
      await new Promise((resolve) => setTimeout(resolve, 6));
      ahead = Math.max(ahead, (await client.produced()) - taken);
      if (taken === 20) break;
    }

    expect(ahead).toBeLessThanOrEqual(executor === 'inline' ? 32 : 8);
  });

  it('throws what the generator raised, after the items before it', async () => {
    const { client } = await load(executor);
    const items: number[] = [];

    const error = await errorOf(async () => {
      for await (const item of client.fails(100)) items.push(item);
    });

    expect(items).toEqual(upTo(100));
    expect(isPluginError(error)).toBe(true);
    expect(error).toMatchObject({ code: 'LookupError', message: 'no more after 100', method: 'fails' });
    expect(await errorOf(() => collect(client.late(1)))).toMatchObject({ code: 'ValueError' });
  });

  it('names the position of an item that cannot be passed', async () => {
    const { client } = await load(executor);

    expect(await errorOf(() => collect(client.odd(17)))).toMatchObject({
      code: 'FIDIUS_VALUE_RESULT',
      message: expect.stringContaining('item 17'),
    });
    expect(await errorOf(() => collect(client.foreign(30)))).toMatchObject({
      code: 'FIDIUS_VALUE_RESULT',
      message: expect.stringContaining('item 30'),
    });
  });

  it('must be returned by the method', async () => {
    const { client } = await load(executor);

    expect(await errorOf(() => collect(client.nothing(1)))).toMatchObject({
      code: 'FIDIUS_VALUE_RESULT',
      message: expect.stringContaining('must return an iterable, got int'),
    });
  });

  it('runs the finally block of the generator when it is left', async () => {
    const { client, marker } = await load(executor);

    for await (const item of client.slow_tick(1000, marker)) if (item === 2) break;

    expect(readFileSync(marker, 'utf8')).toMatch(/^closed/);
    expect(await client.add(1n, 2n)).toBe(3n);
  });

  it('is iterated once', async () => {
    const { client } = await load(executor);
    const stream = client.tick(3);

    expect(await collect(stream)).toEqual([0, 1, 2]);
    expect(await errorOf(() => collect(stream))).toMatchObject({
      code: 'FIDIUS_CALL_STREAM',
      message: expect.stringContaining('was iterated before'),
    });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('runs nothing when it is never read', async () => {
    const { client, marker } = await load(executor);

    client.slow_tick(3, marker);
    await client.slow_tick(3, marker).return();
    client.fails(0);

    expect(await client.add(1n, 2n)).toBe(3n);
    expect(existsSync(marker)).toBe(false);
  });

  it('answers several steps that are asked for at the same time', async () => {
    const { client } = await load(executor);
    const stream = client.tick(3);

    const steps = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next(), stream.next()]);

    expect(steps.map(({ value }) => value)).toEqual([0, 1, 2, undefined, undefined]);
  });

  it('refuses invalid arguments and options with its first step', async () => {
    const { client } = await load(executor);

    expect(await errorOf(() => client.tick(-1).next())).toMatchObject({ code: 'FIDIUS_VALUE_ARGUMENT' });
    expect(await errorOf(() => client.tick(1, { window: 0 }).next())).toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
    });
    expect(await errorOf(() => client.tick(1, { size: 0 } as never).next())).toMatchObject({
      code: 'FIDIUS_OPTION_UNKNOWN',
    });
  });

  it('does not start after the plugin was closed', async () => {
    const { client, plugin } = await load(executor);
    const stream = client.tick(1);
    await plugin.close();

    expect(await errorOf(() => stream.next())).toMatchObject({ code: 'FIDIUS_PLUGIN_CLOSED' });
  });

  it('works beside a ReadableStream, and closes when that is cancelled', async () => {
    const { client, marker } = await load(executor);
    const reader = ReadableStream.from(client.slow_tick(1000, marker)).getReader();
    expect((await reader.read()).value).toBe(0);

    await reader.cancel();

    expect(readFileSync(marker, 'utf8')).toMatch(/^closed/);
  });
});

describe.each(['thread', 'process'] as const)('a stream that a method returns, off this thread: %s,', (executor) => {
  it('comes from asynchronous generators, too', async () => {
    const { client, marker } = await load(executor);

    expect(await collect(client.tick_later(500, marker))).toEqual(upTo(500));
    for await (const item of client.tick_later(1000, `${marker}2`)) if (item === 3) break;

    expect(readFileSync(`${marker}2`, 'utf8')).toBe('closed\n');
  });

  it('does not keep its plugin from other calls, however many are open', async () => {
    const { client, marker } = await load(executor);
    const streams = upTo(20).map(() => client.slow_tick(1000, marker));
    for (const stream of streams) await stream.next();

    expect(await client.add(1n, 2n)).toBe(3n);

    for (const stream of streams) await stream.return();
    expect(readFileSync(marker, 'utf8').match(/closed/g)).toHaveLength(20);
  });

  it.each(['a signal', 'a deadline', 'closing'] as const)(
    'is ended by %s, and runs its finally block',
    async (what) => {
      const { client, plugin, marker } = await load(executor);
      const controller = new AbortController();
      const options = what === 'a deadline' ? { timeoutMs: 100 } : { signal: controller.signal };
      const stream = client.slow_tick(100_000, marker, options);
      await stream.next();
      const failed = errorOf(async () => {
        for (;;) await stream.next();
      });

      if (what === 'a signal') controller.abort(new Error('enough'));
      const closed = what === 'closing' ? plugin.close({ mode: 'abort' }) : undefined;
      const error = await failed;
      await closed;

      const codes = {
        'a signal': 'FIDIUS_CALL_ABORTED',
        'a deadline': 'FIDIUS_CALL_TIMEOUT',
        closing: 'FIDIUS_PLUGIN_CLOSED',
      };
      expect(error.code).toBe(codes[what]);
      await eventually(() => existsSync(marker), 'the finally block');
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    },
  );

  it('is ended by a signal while it waits for its consumer', async () => {
    const { client, marker } = await load(executor);
    const controller = new AbortController();
    const stream = client.tick_later(100_000, marker, { signal: controller.signal });
    await stream.next();
    const other = client.slow_tick(100_000, `${marker}2`, { signal: controller.signal, window: 1 });
    await other.next();
    await new Promise((resolve) => setTimeout(resolve, 30));

    controller.abort();
    controller.abort();

    expect(await errorOf(() => stream.next())).toMatchObject({ code: 'FIDIUS_CALL_ABORTED' });
    expect(await errorOf(() => other.next())).toMatchObject({ code: 'FIDIUS_CALL_ABORTED' });
    await eventually(() => existsSync(marker) && existsSync(`${marker}2`), 'the finally blocks');
  });

  it('leaves no thread, task or conversation behind', async () => {
    const { client, plugin, marker } = await load(executor);
    for (const round of upTo(300)) {
      const stream = client.tick(100);
      await stream.next();
      if (round % 2 === 0) await stream.return();
      else await collect(stream);
    }
    for (const _ of upTo(50)) await collect(client.tick_later(3, marker));

    await eventually(() => plugin.stats().running === 0, 'the end of the calls');
    expect(plugin.stats()).toMatchObject({ queued: 0, running: 0, failed: 0 });
  });
});

describe.each(['thread', 'process'] as const)('a stream that a method takes, with the executor %s,', (executor) => {
  it('is read from an array, a generator, an asynchronous generator and a ReadableStream', async () => {
    const { client } = await load(executor);
    function* generated() {
      yield* upTo(1000);
    }
    async function* later() {
      for (const item of upTo(50)) {
        await Promise.resolve();
        yield item;
      }
    }

    expect(await client.total(5, [1, 2, 3])).toBe(11n);
    expect(await client.total(0, [])).toBe(0n);
    expect(await client.total(0, new Set([4, 5]))).toBe(9n);
    expect(await client.total(0, generated())).toBe(499_500n);
    expect(await client.total(0, later())).toBe(1225n);
    expect(await client.total(0, ReadableStream.from([1, 2]))).toBe(3n);
    expect(await client.total_later(generated())).toBe(499_500n);
    expect(await client.total_later(later())).toBe(1225n);
  });

  it('is read only as far as Python needs it, and closed', async () => {
    const { client } = await load(executor);
    let [read, closed] = [0, 0];
    function* endless() {
      try {
        for (;;) yield read++;
      } finally {
        closed += 1;
      }
    }

    expect(await client.first(endless(), 3)).toEqual([0, 1, 2]);

    await eventually(() => closed === 1, 'the end of the source');
    expect(read).toBeLessThan(40);
  });

  it('is not read when the method is not called', async () => {
    const { client, plugin } = await load(executor);
    let read = 0;
    const source = {
      *[Symbol.iterator]() {
        read += 1;
        yield 1;
      },
    };
    await plugin.close();

    expect(await errorOf(() => client.total(0, source))).toMatchObject({ code: 'FIDIUS_PLUGIN_CLOSED' });
    expect(read).toBe(0);
  });

  it('raises in Python when its source throws, and that error comes back as the cause', async () => {
    const { client } = await load(executor);
    const reason = new RangeError('the source is broken');
    async function* broken() {
      yield* upTo(10);
      await Promise.resolve();
      throw reason;
    }
    function* brokenNow(): Generator<number> {
      yield 1;
      throw reason;
    }

    expect(await client.caught(broken())).toBe('InputStreamError: RangeError: the source is broken');
    const error = await errorOf(() => client.total(0, broken()));
    expect(isPluginError(error)).toBe(true);
    expect(error.cause).toBe(reason);
    expect((await errorOf(() => client.total_later(brokenNow()))).cause).toBe(reason);
  });

  it('raises in Python for an item that cannot be passed, after those before it', async () => {
    const { client } = await load(executor);

    const error = await errorOf(() => client.total(0, [1, 2, -3, 4]));

    expect(error.cause).toMatchObject({
      code: 'FIDIUS_VALUE_ARGUMENT',
      message: expect.stringContaining('total(): item 2 of argument "items"'),
    });
  });

  it.each([undefined, null, 5, 'text', {}])('must be something that can be iterated: %s', async (source) => {
    const { client } = await load(executor);

    expect(await errorOf(() => client.total(0, source as never))).toMatchObject({
      code: 'FIDIUS_VALUE_ARGUMENT',
      message: expect.stringContaining('must be an iterable'),
    });
  });

  it('may be a stream that is locked, which is an error of the source', async () => {
    const { client } = await load(executor);
    const locked = ReadableStream.from([1]);
    locked.getReader();

    expect((await errorOf(() => client.total(0, locked))).cause).toBeInstanceOf(TypeError);
  });

  it('can be aborted while Python waits for an item of a source that never ends', async () => {
    const { client } = await load(executor);
    let returned = false;
    const never: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          returned = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const controller = new AbortController();
    const failed = [
      client.total(0, never, { signal: controller.signal }),
      client.total_later(never, { signal: controller.signal }),
    ].map((call) => errorOf(() => call));
    await new Promise((resolve) => setTimeout(resolve, 30));

    controller.abort();

    for (const error of await Promise.all(failed)) expect(error).toMatchObject({ code: 'FIDIUS_CALL_ABORTED' });
    expect(returned).toBe(true);
    expect(await client.add(1n, 2n)).toBe(3n);
  });

  it('has ended for a plugin that keeps it', async () => {
    const { client } = await load(executor);

    expect(await client.kept([1, 2, 3, 4, 5, 6, 7, 8, 9])).toBe(1);

    expect(await client.use_kept()).toBe('CallEnded');
    expect(await client.add(1n, 2n)).toBe(3n);
  });
});

describe.each(['thread', 'process'] as const)('streams in both directions, with the executor %s,', (executor) => {
  it('are read in step', async () => {
    const { client } = await load(executor);
    let read = 0;
    function* endless() {
      for (;;) yield read++;
    }
    const items: number[] = [];

    for await (const item of client.double(endless())) {
      items.push(item);
      if (items.length === 100) break;
    }

    expect(items).toEqual(upTo(100).map((n) => 2 * n));
    expect(read).toBeLessThan(1100);
    expect(await collect(client.double_later(upTo(500)))).toEqual(upTo(500).map((n) => 2 * n));
  });

  it('can be passed from one method to another, also of the same plugin', async () => {
    const { client } = await load(executor);

    const chained = client.double(client.double_later(client.double(client.tick(300))));

    expect(await client.total(0, chained)).toBe(BigInt(8 * ((300 * 299) / 2)));
  });

  it('end together when the consumer leaves', async () => {
    const { client, marker } = await load(executor);

    for await (const item of client.double(client.slow_tick(1000, marker))) if (item === 4) break;

    await eventually(() => existsSync(marker) && readFileSync(marker, 'utf8') !== '', 'the end of the first stream');
    expect(readFileSync(marker, 'utf8')).toMatch(/^closed/);
  });
});

describe('a stream of a process that ends', () => {
  it('fails after the items that arrived, and the plugin goes on in a new process', async () => {
    const { client } = await load('process');
    const items: number[] = [];

    const error = await errorOf(async () => {
      for await (const item of client.crash(50)) items.push(item);
    });

    expect(error).toMatchObject({ code: 'FIDIUS_PROCESS_EXITED', exitCode: 9 });
    expect(items).toEqual(upTo(items.length));
    expect(await collect(client.tick(3))).toEqual([0, 1, 2]);
  });
});

describe('sync', () => {
  it.each(['inline', 'thread'] as const)('gives an iterator, with the executor %s', async (executor) => {
    const { plugin, marker } = await load(executor);
    const { sync } = plugin;

    expect([...sync.tick(1000)]).toEqual(upTo(1000));
    for (const item of sync.slow_tick(1000, marker)) if (item === 2) break;
    expect(readFileSync(marker, 'utf8')).toMatch(/^closed/);
    expect(await errorOf(() => [...sync.fails(3)])).toMatchObject({ code: 'LookupError' });
    expect(await errorOf(() => [...sync.foreign(3)])).toMatchObject({ message: expect.stringContaining('item 3') });
    const stream = sync.tick(2);
    expect([...stream]).toEqual([0, 1]);
    expect(await errorOf(() => [...stream])).toMatchObject({ code: 'FIDIUS_CALL_STREAM' });
    expect(await errorOf(() => [...sync.tick_later(3, marker)])).toMatchObject({ code: 'FIDIUS_CALL_SYNC' });
    expect(await errorOf(() => sync.total(0, [1]))).toMatchObject({
      code: 'FIDIUS_CALL_STREAM',
      message: expect.stringContaining('`sync` cannot pass'),
    });
  });
});

describe('the executor inline', () => {
  it('does not take a stream as an argument', async () => {
    const { client } = await load('inline');

    expect(await errorOf(() => client.total(0, [1]))).toMatchObject({
      code: 'FIDIUS_CALL_STREAM',
      hint: 'Load it with the executor "thread" or "process".',
    });
    expect(await errorOf(() => client.double([1]).next())).toMatchObject({ code: 'FIDIUS_CALL_STREAM' });
  });
});
