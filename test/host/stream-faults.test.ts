import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defineInterface, type ExecutorName, executorNames, method, PluginHost, t } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Faults = defineInterface('StreamFaults', {
  version: 1,
  methods: {
    texts: method({ count: t.u32 }, t.stream(t.string)),
    foreign: method({ count: t.u32 }, t.stream(t.u32)),
    large: method({ count: t.u32 }, t.stream(t.named('serde_json::Value'))),
    noisy: method({ count: t.u32 }, t.stream(t.u32)),
    slow: method([{ count: t.u32 }, { marker: t.string }], t.stream(t.u32)),
    produced: method({}, t.u32),
    shared: method([{ items: t.stream(t.u32) }, { threads: t.u32 }], t.list(t.u32)),
    shared_later: method({ items: t.stream(t.u32) }, t.list(t.u32)),
    beside: method({ items: t.stream(t.u32) }, t.stream(t.u32)),
    left_to_a_thread: method([{ items: t.stream(t.u32) }, { count: t.u32 }], t.u32),
    thread_outcome: method({}, t.string),
    total: method({ items: t.stream(t.u32) }, t.u64),
  },
});

const source = String.raw`
import asyncio, threading, time

made = 0

def texts(count):
    for n in range(count):
        yield 'é' if n % 2 else 'e'
    yield 'half of a pair: \ud800'
    yield 'never read'

def foreign(count):
    for n in range(count):
        yield n
    yield 'text'
    yield 1

def large(count):
    for n in range(count):
        yield 1 << n

def noisy(count):
    for n in range(count):
        print('line', n)
        yield n

def slow(count, marker):
    global made
    try:
        for n in range(count):
            made = n + 1
            yield n
            time.sleep(0.02)
    finally:
        open(marker, 'w').close()

def produced():
    return made

def shared(items, threads):
    taken, failed = [], []
    def take():
        try:
            for item in items:
                taken.append(item)
        except BaseException as error:
            failed.append(error)
    running = [threading.Thread(target=take) for _ in range(threads)]
    for each in running: each.start()
    for each in running: each.join()
    if failed: raise failed[0]
    return sorted(taken)

async def shared_later(items):
    async def take():
        return [item async for item in items]
    parts = await asyncio.gather(take(), take(), take())
    return sorted(item for part in parts for item in part)

def beside(items):
    # One thread waits for items of the argument while another waits until an item of the result is asked for.
    arrived = []
    reader = threading.Thread(target=lambda: arrived.extend(items))
    reader.start()
    for n in range(50):
        yield n
    reader.join()
    yield sum(arrived)

outcome = []
after = threading.Event()

def left_to_a_thread(items, count):
    outcome.clear()
    after.clear()
    def read():
        after.wait()
        try:
            while True: next(items)
        except BaseException as error:
            outcome.append('%s: %s' % (type(error).__name__, error))
    threading.Thread(target=read).start()
    def drain():
        try:
            for item in items: pass
        except RuntimeError:
            pass
    if count: threading.Thread(target=drain).start()
    return next(items)

def thread_outcome():
    after.set()
    for _ in range(500):
        if outcome: return outcome[0]
        time.sleep(0.01)
    return 'none'

def total(items):
    return sum(items)
`.split('\n');

async function load(executor: ExecutorName) {
  const searchPath = tempFolder();
  const name = `stream_faults_${executor}`;
  writePlugin(searchPath, name, Faults, ...source);
  const lines: string[] = [];
  const host = await PluginHost.open({
    searchPaths: [searchPath],
    executor,
    onOutput: ({ text }) => lines.push(text),
  });
  onTestFinished(() => host.close({ mode: 'abort' }));
  const plugin = await host.load(name, Faults);
  return { plugin, client: plugin.client, lines, marker: join(searchPath, 'marker') };
}

/** The items of a stream up to its end or its error. */
async function read<T>(stream: AsyncIterable<T> | Iterable<T>) {
  const items: T[] = [];
  try {
    for await (const item of stream) items.push(item);
    return { items, error: undefined };
  } catch (error) {
    return { items, error: error as Error & { readonly code?: string } };
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe.each(executorNames)('a stream with an item that cannot be read, with the executor %s,', (executor) => {
  it.each([0, 1, 7, 300])('delivers the %d items before a text that is not valid', async (count) => {
    const { client } = await load(executor);

    const { items, error } = await read(client.texts(count));

    expect(items).toEqual(upTo(count).map((n) => (n % 2 === 1 ? 'é' : 'e')));
    expect(error).toMatchObject({
      code: 'FIDIUS_VALUE_RESULT',
      message: expect.stringMatching(new RegExp(`item ${count}\\b.*lone surrogate`)),
    });
    expect(await client.produced()).toBe(0);
  });

  it.each([0, 1, 30, 300])('delivers the %d items before one of another type', async (count) => {
    const { client } = await load(executor);

    const { items, error } = await read(client.foreign(count));

    expect(items).toEqual(upTo(count));
    expect(error).toMatchObject({ code: 'FIDIUS_VALUE_RESULT', message: expect.stringContaining(`item ${count}`) });
    expect(await client.produced()).toBe(0);
  });

  it('delivers integers of any size', async () => {
    const { client } = await load(executor);

    expect(await read(client.large(200))).toEqual({
      items: upTo(200).map((n) => (n < 53 ? 2 ** n : 1n << BigInt(n))),
      error: undefined,
    });
  });
});

describe('a stream that is read on this thread', () => {
  it('has one time limit for all of its steps', async () => {
    const { plugin, marker } = await load('inline');

    const { items, error } = await read(plugin.sync.slow(500, marker, { timeoutMs: 200 }));

    expect(items.length).toBeLessThan(20);
    expect(error).toMatchObject({
      code: 'FIDIUS_CALL_TIMEOUT',
      message: expect.stringContaining('slow() of stream_faults_inline timed out after 200 ms'),
    });
    expect(existsSync(marker)).toBe(true);
  });

  it.each(['inline', 'thread'] as const)('is closed with its plugin: %s', async (executor) => {
    const { plugin, marker } = await load(executor);
    const stream = plugin.sync.slow(500, marker);
    expect(stream.next().value).toBe(0);

    await plugin.close();

    expect(existsSync(marker)).toBe(true);
    expect((await read(stream)).error).toMatchObject({ code: 'FIDIUS_PLUGIN_CLOSED' });
  });

  it('keeps to the window that the client asks for', async () => {
    const { client, marker } = await load('inline');
    const stream = client.slow(500, marker, { window: 1 });

    for (const n of upTo(6)) {
      expect(await stream.next()).toEqual({ done: false, value: n });
      expect(await client.produced()).toBe(n + 1);
    }
    await stream.return();
  });

  it('delivers what the plugin prints with the item after it', async () => {
    const { plugin, lines } = await load('inline');

    const stream = plugin.sync.noisy(3);
    stream.next();

    expect(lines[0]).toBe('line 0');
    stream.return?.();
  });
});

describe.each(['thread', 'process'] as const)('a stream that a method takes, with the executor %s,', (executor) => {
  it.each([2, 8])('is shared by %d threads of the plugin', async (threads) => {
    const { client } = await load(executor);

    expect(await client.shared(upTo(2000), threads)).toEqual(upTo(2000));
    expect(await client.shared(slowly(upTo(30)), threads)).toEqual(upTo(30));
  });

  it('is shared by tasks of the plugin', async () => {
    const { client } = await load(executor);

    expect(await client.shared_later(upTo(2000))).toEqual(upTo(2000));
    expect(await client.shared_later(slowly(upTo(30)))).toEqual(upTo(30));
  });

  it('is read by one thread of the plugin while another waits for the reader of the result', async () => {
    const { client } = await load(executor);
    const result: number[] = [];

    for await (const item of client.beside(slowly(upTo(60)), { window: 1 })) result.push(item);

    expect(result).toEqual([...upTo(50), 1770]);
  });

  it.each([0, 1])('ends with its call for a thread that keeps it: %d others wait', async (others) => {
    const { client } = await load(executor);
    await client.left_to_a_thread(endless(), others);

    expect(await client.thread_outcome()).toBe('CallEnded: the call that this stream belongs to has ended');
    expect(await client.total([1, 2, 3])).toBe(6n);
  });

  it('leaves the event loop free while a slow source is read', async () => {
    const { client } = await load(executor);
    let turns = 0;
    let meanwhile = 0;
    let going = true;
    const count = () => {
      turns += 1;
      if (going) setImmediate(count);
    };
    count();

    const total = await client.total(
      (function* () {
        // As many as it takes for Python to ask for many items at once.
        for (let n = 0; n < 5000; n += 1) yield 1;
        turns = 0;
        yield* busily(60);
        meanwhile = turns;
      })(),
    );

    going = false;
    expect(total).toBe(6770n);
    expect(meanwhile).toBeGreaterThan(20);
  });

  it.each([
    ['a symbol', Symbol('odd')],
    ['an object without prototype', Object.create(null) as object],
    ['an error whose name is a number', Object.assign(new Error('odd'), { name: 7, message: 8 })],
    ['undefined', undefined],
  ])('fails with what its source has thrown: %s', async (_what, thrown) => {
    const { client } = await load(executor);

    const { error } = await read(
      (async function* () {
        await client.total(throwing(thrown));
        yield 1;
      })(),
    );

    expect(error).toMatchObject({ code: 'InputStreamError', cause: thrown });
    expect(await client.total([1])).toBe(1n);
  });

  it('is closed once, whenever its source ends', async () => {
    const { client } = await load(executor);
    let closed = 0;
    const items = (function* () {
      try {
        yield* upTo(100_000);
      } finally {
        closed += 1;
      }
    })();

    await client.left_to_a_thread(items, 0);
    await client.thread_outcome();

    await eventually(() => closed > 0);
    expect(closed).toBe(1);
  });
});

async function* slowly(items: readonly number[]): AsyncGenerator<number> {
  for (const item of items) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    yield item;
  }
}

async function* endless(): AsyncGenerator<number> {
  for (let n = 0; ; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    yield n;
  }
}

/** A source that keeps this thread busy for each item. */
function* busily(count: number): Generator<number> {
  for (let n = 0; n < count; n += 1) {
    const until = performance.now() + 3;
    while (performance.now() < until);
    yield n;
  }
}

function* throwing(thrown: unknown): Generator<number> {
  yield 1;
  throw thrown;
}
