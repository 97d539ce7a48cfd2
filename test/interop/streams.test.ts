import { cpSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { defineInterface, type ExecutorName, isPluginError, method, PluginHost, t } from '../../src/index.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { reference } from './reference.ts';
import { askRustHost, type RustCall, type RustResult } from './rust-host.ts';
import { toJson } from './this-host.ts';

const Row = t.struct('Row', { id: t.u32, name: t.string, price: t.f64, tags: t.list(t.string) });

const Streamer = defineInterface('Streamer', {
  version: 1,
  methods: {
    tick: method({ count: t.u32 }, t.stream(t.u64)),
    rows: method({ count: t.u32 }, t.stream(Row)),
    listed: method({ count: t.u32 }, t.stream(t.u64)),
    letters: method({ text: t.string }, t.stream(t.string)),
    keys: method({}, t.stream(t.string)),
    gaps: method({}, t.stream(t.option(t.f64))),
    fails: method([{ count: t.u32 }, { known: t.bool }], t.stream(t.u64)),
    number: method({}, t.stream(t.u64)),
    infinite: method({}, t.stream(t.f64)),
    foreign: method({}, t.stream(t.string)),
    later: method({}, t.stream(t.u64)),
    sum: method({ items: t.stream(t.u64) }, t.u64),
    first: method([{ count: t.u32 }, { items: t.stream(t.u64) }], t.list(t.u64)),
    refuse: method({ items: t.stream(t.u64) }, t.u64),
    double: method({ items: t.stream(t.u64) }, t.stream(t.u64)),
    scale: method([{ by: t.u64 }, { items: t.stream(t.u64) }], t.stream(t.u64)),
    // Waits until the generator of tick() has run its `finally`.
    closed: method({}, t.bool),
    pulled: method({}, t.u32),
  },
});

const lines = String.raw`
import os, threading
import fidius

marker = os.environ['FIDIUS_TEST_STREAM_MARKER']
ended = threading.Event()
read = 0
kept = []

def tick(count):
    # Something else refers to the generator, so that nothing but close() ends it early.
    kept.append(generate(count))
    return kept[-1]

def generate(count):
    try:
        for n in range(count):
            yield n
    finally:
        with open(marker, 'w') as file:
            file.write('ended')
        ended.set()

def rows(count):
    for n in range(count):
        yield {'id': n, 'name': 'row %d' % n, 'price': n / 4, 'tags': ['ä', '']}

def listed(count):
    return list(range(count))

def letters(text):
    return text

def keys():
    return {'b': 1, 'a': 2}

def gaps():
    yield 1.5
    yield 2

def fails(count, known):
    for n in range(count):
        yield n
    if known:
        raise fidius.PluginError('ENDED', 'no more than %d' % count, {'count': count})
    raise LookupError('no more than %d' % count)

def number():
    return 7

def infinite():
    yield 1.5
    yield float('inf')

def foreign():
    yield 'text'
    yield complex(1, 2)

async def later():
    yield 1

def counted(items):
    global read
    for item in items:
        read += 1
        yield item

def sum(items):
    total = 0
    for item in items:
        total += item
    return total

def first(items, count):
    return [item for _, item in zip(range(count), items)]

def refuse(items):
    raise fidius.PluginError('REFUSED', 'not %d' % next(items))

def double(items):
    for item in counted(items):
        yield 2 * item

def scale(items, by):
    for item in items:
        yield by * item

def closed():
    return ended.wait(10)

def pulled():
    return read
`.split('\n');

const Ticker = defineInterface('Ticker', {
  version: 1,
  config: t.struct('TickerConfig', { base: t.u64 }),
  methods: { tick: method({ count: t.u32 }, t.stream(t.u64)) },
});

const tickerLines = [
  'class Ticker:',
  '    def __init__(self, config): self.base = config["base"]',
  '    def tick(self, count):',
  '        for n in range(count): yield self.base + n',
  'def __fidius_configure__(config): return Ticker(config)',
];

const both = ['thread', 'process'] as const;
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

// Set before the interpreter of this process starts, which keeps the environment of that time.
const marker = join(tmpdir(), `fidius-streams-${process.pid}`);
process.env['FIDIUS_TEST_STREAM_MARKER'] = marker;
afterEach(() => rmSync(marker, { force: true }));

const results: Readonly<Record<string, RustCall>> = {
  'no item': ['tick', [0]],
  'some items of a generator': ['tick', [5]],
  'many items of a generator': ['tick', [1000]],
  'the first items of very many': ['tick', [10_000_000], 3],
  structs: ['rows', [20]],
  'the items of a list': ['listed', [10]],
  'the keys of a dict': ['keys', []],
  'the letters of a text': ['letters', ['äb']],
  'floats and integers for options': ['gaps', []],
  'items, and an error with details': ['fails', [3, true]],
};

const sources: Readonly<Record<string, RustCall>> = {
  'no item': ['sum', [[]]],
  'some items': ['sum', [[1, 2, 3, 4, 5]]],
  'many items': ['sum', [upTo(1000)]],
  'some of many items, as the first argument': ['first', [3, upTo(1000)]],
  'fewer items than are wanted': ['first', [3, [1]]],
  'one item, and raises an error': ['refuse', [[8, 9]]],
};

const transforms: Readonly<Record<string, RustCall>> = {
  'no item': ['double', [[]]],
  'some items': ['double', [[1, 2, 3, 4, 5]]],
  'many items, with another argument': ['scale', [3, upTo(1000)]],
  'some of many items': ['scale', [3, upTo(1000)], 4],
};

describe.skipIf(reference.host === undefined)('streams', () => {
  describe.each(['inline', ...both] as const)('with the executor %s', (executor) => {
    it.each(Object.entries(results))('return %s as in Rust', async (_, call) => {
      expect(await here(executor, [call])).toEqual(inRust([call]));
    });
  });

  describe.each(both)('with the executor %s', (executor) => {
    it.each(Object.entries(sources))('are read as in Rust: %s', async (_, call) => {
      expect(await here(executor, [call])).toEqual(inRust([call]));
    });

    it.each(Object.entries(transforms))('are transformed as in Rust: %s', async (_, call) => {
      expect(await here(executor, [call])).toEqual(inRust([call]));
    });

    it('read only a little ahead, in both hosts', async () => {
      const calls: readonly RustCall[] = [
        ['double', [upTo(100_000)], 3],
        ['pulled', []],
      ];

      const [, theirs] = inRust(calls);
      const [, ours] = await here(executor, calls);

      for (const result of [theirs, ours]) expect(result).toEqual({ value: expect.any(Number) });
      expect((theirs as { value: number }).value).toBeLessThan(20);
      expect((ours as { value: number }).value).toBeLessThan(300);
    });
  });

  it('run the finally block of a generator that is left, in both hosts', async () => {
    const calls: readonly RustCall[] = [
      ['tick', [10_000_000], 3],
      ['closed', []],
    ];
    const expected = [{ items: [0, 1, 2], ended: null }, { value: true }];

    expect(inRust(calls)).toEqual(expected);
    expect(readFileSync(marker, 'utf8')).toBe('ended');
    for (const executor of ['inline', ...both] as const) {
      rmSync(marker);
      expect(await here(executor, calls)).toEqual(expected);
      expect(readFileSync(marker, 'utf8')).toBe('ended');
    }
  });

  it('raise any exception after the items before it, with the same code and message', async () => {
    const [theirs] = inRust([['fails', [3, false]]]);

    expect(theirs).toEqual({
      items: [0, 1, 2],
      ended: { raised: ['LookupError', 'no more than 3', { traceback: expect.stringContaining('fails') }] },
    });
    for (const executor of ['inline', ...both] as const) {
      expect(await here(executor, [['fails', [3, false]]])).toEqual([
        { items: [0, 1, 2], ended: { raised: ['LookupError', 'no more than 3', null] } },
      ]);
    }
  });

  it('are errors in both hosts if the method returns nothing that can be iterated', async () => {
    const failed = (text: string) => [{ items: [], ended: { error: expect.stringContaining(text) } }];

    expect(inRust([['number', []]])).toEqual(failed('not iterable'));
    for (const executor of ['inline', ...both] as const) {
      expect(await here(executor, [['number', []]])).toEqual(failed('must return an iterable, got int'));
    }
  });

  it('end in Rust at an item that JSON does not have, which arrives here', async () => {
    const [theirs] = inRust([['infinite', []]]);

    expect(theirs).toEqual({ items: [1.5], ended: { raised: ['OutputEncode', expect.any(String), null] } });
    await using host = await PluginHost.open({ searchPaths: [writeStreamer('streamer')] });
    const { client } = await host.load('streamer', Streamer);
    const items: number[] = [];
    for await (const item of client.infinite()) items.push(item);
    expect(items).toEqual([1.5, Number.POSITIVE_INFINITY]);
  });

  it('have text in Rust for an item without counterpart, and an error with its position here', async () => {
    expect(inRust([['foreign', []]])).toEqual([{ items: ['text', '(1+2j)'], ended: null }]);
    for (const executor of ['inline', ...both] as const) {
      expect(await here(executor, [['foreign', []]])).toEqual([
        { items: ['text'], ended: { error: expect.stringContaining('item 1') } },
      ]);
    }
  });

  it('come from asynchronous generators here, which Rust refuses', async () => {
    expect(inRust([['later', []]])).toEqual([{ items: [], ended: { error: expect.stringContaining('not iterable') } }]);
    for (const executor of both) {
      expect(await here(executor, [['later', []]])).toEqual([{ items: [1], ended: null }]);
    }
  });
});

describe.skipIf(reference.host === undefined)('a configured instance', () => {
  it.each(['inline', ...both] as const)('streams what it streams in Rust, with the executor %s', async (executor) => {
    const searchPath = tempFolder();
    writePlugin(searchPath, `ticker-${executor}`, Ticker, ...tickerLines);
    const config = { base: 100 };

    const theirs = askRustHost({
      searchPath,
      package: `ticker-${executor}`,
      interface: Ticker,
      config,
      calls: [['tick', [3]]],
    });

    expect(theirs).toEqual({ results: [{ items: [100, 101, 102], ended: null }] });
    await using host = await PluginHost.open({ searchPaths: [searchPath], executor });
    const { client } = await host.load(`ticker-${executor}`, Ticker, { config });
    const items: unknown[] = [];
    for await (const item of client.tick(3)) items.push(Number(item));
    expect(items).toEqual([100, 101, 102]);
  });
});

function writeStreamer(name: string): string {
  const searchPath = tempFolder();
  const folder = writePlugin(searchPath, name, Streamer, ...lines);
  cpSync('python/fidius', join(folder, 'vendor/fidius'), { recursive: true });
  return searchPath;
}

function inRust(calls: readonly RustCall[]): readonly RustResult[] {
  const searchPath = writeStreamer('streamer');
  const answer = askRustHost({ searchPath, package: 'streamer', interface: Streamer, calls });
  if ('error' in answer) throw new Error(answer.error);
  return answer.results;
}

/** The same calls in this host, with results in the form that {@link askRustHost} gives them. */
async function here(executor: ExecutorName, calls: readonly RustCall[]): Promise<readonly unknown[]> {
  await using host = await PluginHost.open({
    searchPaths: [writeStreamer('streamer')],
    executor,
    process: { env: { FIDIUS_TEST_STREAM_MARKER: marker } },
  });
  const { client } = await host.load('streamer', Streamer);
  const answers: unknown[] = [];
  for (const [name, input, take] of calls) {
    const call = client[name as 'tick'] as unknown as (...values: readonly unknown[]) => unknown;
    const answer = call(...(input as readonly unknown[]));
    answers.push(await (isStream(answer) ? streamed(answer, take) : answered(answer)));
  }
  return answers;
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function streamed(stream: AsyncIterable<unknown>, take = Number.POSITIVE_INFINITY): Promise<unknown> {
  const items: unknown[] = [];
  try {
    for await (const item of stream) if (items.push(toJson(item)) >= take) break;
    return { items, ended: null };
  } catch (error) {
    return { items, ended: failure(error) };
  }
}

async function answered(answer: unknown): Promise<unknown> {
  try {
    return { value: toJson(await answer) };
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): unknown {
  if (!isPluginError(error)) return { error: String(error) };
  return { raised: [error.code, error.message, error.details ?? null] };
}
