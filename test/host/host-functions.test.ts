import { describe, expect, it, onTestFinished } from 'vitest';
import {
  defineHostInterface,
  defineInterface,
  type ExecutorName,
  type HostCall,
  type HostFunctions,
  type HostLoadOptions,
  method,
  type OutputEvent,
  PluginHost,
  t,
} from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failure.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Row = t.struct('Row', { id: t.i64, name: t.string });

const functions = {
  add: method([{ a: t.i64 }, { b: t.i64 }], t.i64),
  lookup: method({ key: t.string }, t.option(t.string)),
  rows: method({ rows: t.list(Row) }, t.list(Row)),
  note: method({ text: t.string }),
  fail: method({ text: t.string }, t.string),
  wait: method({ ms: t.u32 }, t.u32),
  back: method({ depth: t.u32 }, t.u32),
};
const Services = defineHostInterface('Services', { version: 3, functions });

const Caller = defineInterface('Caller', {
  version: 1,
  methods: {
    add: method([{ a: t.i64 }, { b: t.i64 }], t.i64),
    add_later: method([{ a: t.i64 }, { b: t.i64 }], t.i64),
    lookup: method({ key: t.string }, t.option(t.string)),
    rows: method({ count: t.u32 }, t.list(Row)),
    note: method({ text: t.string }, t.string),
    fail: method({ text: t.string }, t.string),
    fail_later: method({ text: t.string }, t.string),
    catches: method({ text: t.string }, t.string),
    wrong: method({}, t.string),
    wait: method({ ms: t.u32 }, t.u32),
    wait_later: method({ ms: t.u32 }, t.u32),
    overlap: method({ ms: t.u32 }, t.u32),
    deep: method({ depth: t.u32 }, t.u32),
    deep_later: method({ depth: t.u32 }, t.u32),
    in_a_thread: method({}, t.i64),
    keep_calling: method({}, t.u32),
    outcome: method({}, t.string),
    stream: method({ count: t.u32 }, t.stream(t.i64)),
    pid: method({}, t.u32),
  },
});

const declaration = `_host = host_functions("Services", version=3, interface_hash=${Services.hashHex})`;

const source = String.raw`
import asyncio, os, threading, time
from fidius import HostFunctionError, host_functions
DECLARATION

ADD, LOOKUP, ROWS, NOTE, FAIL, WAIT, BACK = range(7)

def add(a, b): return _host.call(ADD, a, b)
async def add_later(a, b): return await _host.call_async(ADD, a, b)
def lookup(key): return _host.call(LOOKUP, key)
def rows(count): return _host.call(ROWS, [{'id': n, 'name': str(n)} for n in range(count)])
def note(text): return repr(_host.call(NOTE, text))
def fail(text): return _host.call(FAIL, text)
async def fail_later(text): return await _host.call_async(FAIL, text)
def catches(text):
    try: return _host.call(FAIL, text)
    except HostFunctionError as error: return '%s: %s' % (error.code, error.message)
def wrong():
    try: return _host.call(ADD, 'one', 2)
    except HostFunctionError as error: return '%s: %s' % (error.code, error.message)
def wait(ms): return _host.call(WAIT, ms)
async def wait_later(ms): return await _host.call_async(WAIT, ms)
async def overlap(ms): return sum(await asyncio.gather(*[_host.call_async(WAIT, ms) for _ in range(5)]))
def deep(depth): return _host.call(BACK, depth)
async def deep_later(depth): return await _host.call_async(BACK, depth)

def in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(_host.call(ADD, 20, 22)))
    thread.start()
    thread.join()
    return found[0]

outcomes = []
def keep_calling():
    def run():
        try:
            while True: _host.call(WAIT, 1)
        except BaseException as error:
            outcomes.append('%s: %s' % (getattr(error, 'code', type(error).__name__), error))
    threading.Thread(target=run).start()
    return 1
def outcome():
    return outcomes[0] if outcomes else 'none'

def stream(count):
    for n in range(count): yield _host.call(ADD, n, 1)

def pid(): return os.getpid()
`;

interface Opened {
  readonly functions?: Partial<HostFunctions<typeof functions>>;
  readonly options?: HostLoadOptions;
  readonly lines?: string;
  readonly threads?: number;
}

/** Loads the plugin, with functions of the host that it may call. */
async function open(executor: ExecutorName, name: string, opened: Opened = {}) {
  const searchPath = tempFolder();
  const plugin = `caller_${executor}_${name}`;
  const text = source.replace('DECLARATION', opened.lines ?? declaration);
  writePlugin(searchPath, plugin, Caller, ...text.split('\n'));
  const output: OutputEvent[] = [];
  const { threads } = opened;
  const host = await PluginHost.open({
    searchPaths: [searchPath],
    executor,
    onOutput: (event) => output.push(event),
    ...(threads === undefined ? {} : { threads }),
  });
  onTestFinished(() => host.close({ mode: 'abort' }));
  const notes: string[] = [];
  const calls: HostCall[] = [];
  const thrown = Object.assign(new RangeError('out of stock'), { code: 'STOCK' });
  const provided: HostFunctions<typeof functions> = {
    add: (a, b) => a + b,
    lookup: (key) => (key === 'absent' ? null : `value of ${key}`),
    rows: (rows) => rows.map((row) => ({ ...row, name: `${row.name}!` })),
    note: (text, call) => {
      notes.push(text);
      calls.push(call);
    },
    fail: () => {
      throw thrown;
    },
    wait: async (ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return ms;
    },
    back: async (depth) => (depth === 0 ? 0 : 1 + (await loaded.client.deep(depth - 1))),
    ...opened.functions,
  };
  const loaded = await host.load(plugin, Caller, { provide: [Services.implement(provided)], ...opened.options });
  return { host, plugin: loaded, client: loaded.client, name: plugin, notes, calls, thrown, output, searchPath };
}

describe.each(['thread', 'process'] as const)('a host function, with the executor %s,', (executor) => {
  it('is called by functions and coroutines, with exact values both ways', async () => {
    const { client, notes, calls, name } = await open(executor, 'values');

    expect(await client.add(1n, 2n)).toBe(3n);
    expect(await client.add(2n ** 62n, 1n)).toBe(2n ** 62n + 1n);
    expect(await client.add_later(4n, 5n)).toBe(9n);
    expect(await client.lookup('a')).toBe('value of a');
    expect(await client.lookup('absent')).toBe(undefined);
    expect(await client.rows(2)).toEqual([
      { id: 0n, name: '0!' },
      { id: 1n, name: '1!' },
    ]);
    expect(await client.note('hello')).toBe('None');
    expect(notes).toEqual(['hello']);
    expect(calls.map(({ plugin }) => plugin)).toEqual([name]);
  });
});
