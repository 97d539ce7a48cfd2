import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
import { generateHostStub } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { eventually } from '../support/eventually.ts';
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

/** The error that something fails with, also one of a plugin. */
async function errorOf(attempt: () => unknown): Promise<Error & { readonly code?: string }> {
  try {
    await attempt();
  } catch (error) {
    return error as Error;
  }
  throw new Error('The attempt did not fail');
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
    expect(await client.lookup('absent')).toBe(null);
    expect(await client.rows(2)).toEqual([
      { id: 0n, name: '0!' },
      { id: 1n, name: '1!' },
    ]);
    expect(await client.note('hello')).toBe('None');
    expect(notes).toEqual(['hello']);
    expect(calls.map(({ plugin }) => plugin)).toEqual([name]);
  });

  it('raises its error in the plugin, and is the cause of the error of a plugin that does not catch it', async () => {
    const { client, thrown } = await open(executor, 'errors');

    expect(await client.catches('x')).toBe('STOCK: out of stock');
    for (const call of [() => client.fail('x'), () => client.fail_later('x')]) {
      const error = await errorOf(call);
      expect(error).toMatchObject({ code: 'STOCK', message: 'out of stock', cause: thrown });
    }
    expect(await client.add(1n, 2n)).toBe(3n);
  });

  it.each([
    ['a value', 'text', 'Error: text'],
    ['nothing', undefined, 'Error: undefined'],
    ['an object without prototype', Object.create(null) as object, 'Error: an object was thrown'],
    ['an error without code', new TypeError('odd'), 'TypeError: odd'],
  ])('may throw anything: %s', async (_what, value, expected) => {
    const { client } = await open(executor, 'thrown', {
      functions: {
        fail: () => {
          throw value;
        },
      },
    });

    expect(await client.catches('x')).toBe(expected);
    expect(await errorOf(() => client.fail('x'))).toMatchObject({ cause: value });
  });

  it('refuses arguments and results of the wrong type', async () => {
    const { client } = await open(executor, 'types', { functions: { lookup: () => 7 as never } });

    expect(await client.wrong()).toBe(
      'FIDIUS_VALUE_ARGUMENT: Services.add(): argument "a" must be an integer from -9223372036854775808 to 9223372036854775807 (i64), got "one"',
    );
    const error = await errorOf(() => client.lookup('a'));
    expect(error).toMatchObject({
      code: 'FIDIUS_VALUE_RESULT',
      message: expect.stringContaining('Services.lookup(): result of the host must be'),
    });
    expect(error.cause).toMatchObject({ code: 'FIDIUS_VALUE_RESULT' });
  });

  it('may be asynchronous, and leaves the event loop of the plugin free where it is awaited', async () => {
    const { client } = await open(executor, 'asynchronous');

    expect(await client.wait(5)).toBe(5);
    expect(await client.wait_later(5)).toBe(5);
    expect(await client.overlap(5)).toBe(25);
  });

  it('may call the plugin again, to any reasonable depth', async () => {
    const { client } = await open(executor, 'depth', { threads: 1 });

    expect(await client.deep(0)).toBe(0);
    expect(await client.deep(8)).toBe(8);
    expect(await client.deep(20)).toBe(20);
    expect(await errorOf(() => client.deep(100))).toMatchObject({
      code: 'FIDIUS_CALL_REENTRANT',
      message: expect.stringContaining('32 are allowed'),
    });
    expect(await client.add(1n, 2n)).toBe(3n);
  });

  it('may call the plugin again although it runs one call at a time', async () => {
    const { client } = await open(executor, 'one_at_a_time', { threads: 1, options: { maxConcurrent: 1 } });

    const depths = await Promise.all(Array.from({ length: 20 }, () => client.deep(4)));

    expect(depths).toEqual(Array.from({ length: 20 }, () => 4));
  });

  it('may call the plugin again when every call that it can have in flight waits for a host function', async () => {
    const { client } = await open(executor, 'many', { threads: 2 });

    const depths = await Promise.all(Array.from({ length: 300 }, () => client.deep(2)));

    expect(new Set(depths)).toEqual(new Set([2]));
    expect(await client.add(1n, 2n)).toBe(3n);
  });

  it('may call a coroutine of the plugin again where it is awaited', async () => {
    const opened = await open(executor, 'loops', {
      functions: { back: async (depth) => (depth === 0 ? 0 : 1 + (await opened.client.deep_later(depth - 1))) },
    });

    expect(await opened.client.deep_later(8)).toBe(8);
  });

  it('is refused another call of a plugin whose only thread waits for it', async () => {
    const { client } = await open(executor, 'own_thread', { options: { ownThread: true } });

    expect(await client.deep(0)).toBe(0);
    expect(await errorOf(() => client.deep(2))).toMatchObject({
      code: 'FIDIUS_CALL_REENTRANT',
      message: expect.stringContaining('the thread that would run it waits for the function'),
    });
    expect(await client.add(1n, 2n)).toBe(3n);
  });

  it('leaves the other calls of a plugin running while it waits', async () => {
    const { client } = await open(executor, 'others', { threads: 2 });
    const releases: (() => void)[] = [];
    const blocked = await open(executor, 'blocked', {
      threads: 1,
      functions: {
        wait: () =>
          new Promise((resolve) => {
            releases.push(() => resolve(1));
          }),
      },
    });
    const waiting = Array.from({ length: 10 }, () => blocked.client.wait(1));

    expect(await blocked.client.add(1n, 2n)).toBe(3n);
    expect(await client.add(1n, 2n)).toBe(3n);

    await eventually(() => releases.length === 10, 'ten host functions');
    for (const release of releases) release();
    expect(await Promise.all(waiting)).toHaveLength(10);
  });

  it('is told when the call that waits for it is cancelled', async () => {
    const signals: AbortSignal[] = [];
    const { client } = await open(executor, 'cancelled', {
      functions: {
        wait: (ms, { signal }) => {
          signals.push(signal);
          return new Promise((resolve) => setTimeout(() => resolve(ms), 20_000).unref());
        },
      },
    });
    const controller = new AbortController();
    const calls = [client.wait(1, { signal: controller.signal }), client.wait_later(1, { signal: controller.signal })];
    await eventually(() => signals.length === 2, 'both host functions');

    controller.abort();

    for (const call of calls) expect(await errorOf(() => call)).toMatchObject({ code: 'FIDIUS_CALL_ABORTED' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(await client.add(1n, 2n)).toBe(3n);
  });

  it('ends its waiting at the deadline of the call', async () => {
    const { client, plugin } = await open(executor, 'deadline', {
      functions: { wait: () => new Promise(() => {}) },
    });

    expect(await errorOf(() => client.wait(1, { timeoutMs: 50 }))).toMatchObject({ code: 'FIDIUS_CALL_TIMEOUT' });

    await eventually(() => plugin.stats().running === 0, 'the end of the call');
    expect(plugin.stats().outcomes.stopped).toBe(1);
  });

  it('can be called by a thread of the plugin, until the plugin is closed', async () => {
    const { client, plugin, host, name } = await open(executor, 'threads');
    expect(await client.in_a_thread()).toBe(42n);
    await client.keep_calling();
    expect(await client.outcome()).toBe('none');

    await plugin.close();

    const again = await host.load(name, Caller);
    expect(await errorOf(() => again.client.add(1n, 2n))).toMatchObject({
      code: 'FIDIUS_HOST_FUNCTIONS_ABSENT',
    });
  });

  it('is called between the items of a stream', async () => {
    const { client } = await open(executor, 'stream');
    const items: bigint[] = [];

    for await (const item of client.stream(300)) items.push(item);

    expect(items).toEqual(Array.from({ length: 300 }, (_, n) => BigInt(n + 1)));
  });

  it('is called while the package is imported and configured', async () => {
    const { client, notes } = await open(executor, 'import', {
      lines: `${declaration}\n_host.call(3, "imported")`,
    });

    expect(notes).toEqual(['imported']);
    expect(await client.add(1n, 2n)).toBe(3n);
  });

  it('belongs to one load of a package', async () => {
    const { host, name, client } = await open(executor, 'loads');
    const doubled = Services.implement({
      add: (a, b) => 2n * (a + b),
      lookup: () => null,
      rows: (rows) => rows,
      note: () => undefined,
      fail: (text) => text,
      wait: (ms) => ms,
      back: (depth) => depth,
    });
    const second = await host.load(name, Caller, { provide: [doubled] });

    expect(await client.add(1n, 2n)).toBe(3n);
    expect(await second.client.add(1n, 2n)).toBe(6n);
    expect(await second.client.fail('none')).toBe('none');
    // In one process, a thread without a call could belong to either of them.
    const inThread = await second.client.in_a_thread().catch((error: { readonly code: string }) => error.code);
    expect(inThread).toBe(executor === 'thread' ? 'IndexError' : 84n);
  });

  it('is refused to a package that was written for another version or hash', async () => {
    const other = `_host = host_functions("Services", version=2, interface_hash=${Services.hashHex})`;
    const wrong = `_host = host_functions("Services", version=3, interface_hash=0x1)`;

    expect(await errorOf(() => open(executor, 'version', { lines: other }))).toMatchObject({
      code: 'FIDIUS_HOST_INTERFACE_MISMATCH',
      message: expect.stringContaining('version 2 of the host interface Services, and the host provides version 3'),
    });
    expect(await errorOf(() => open(executor, 'hash', { lines: wrong }))).toMatchObject({
      code: 'FIDIUS_HOST_INTERFACE_MISMATCH',
      message: expect.stringContaining(`0x0000000000000001, and the host provides ${Services.hashHex}`),
    });
  });

  it('that the host does not provide is an error of its call alone', async () => {
    const lines = `_host = host_functions("Elsewhere", version=1, interface_hash=0x1)`;
    const { client } = await open(executor, 'absent', { lines });

    expect(await errorOf(() => client.add(1n, 2n))).toMatchObject({ code: 'FIDIUS_HOST_FUNCTIONS_ABSENT' });
  });
});

describe.each(['inline', 'thread'] as const)('a host function of a call on this thread: %s', (executor) => {
  it('is called with exact values both ways', async () => {
    const { plugin, notes } = await open(executor, 'sync_values');

    expect(plugin.sync.add(1n, 2n)).toBe(3n);
    expect(plugin.sync.add(2n ** 62n, 1n)).toBe(2n ** 62n + 1n);
    expect(plugin.sync.lookup('absent')).toBe(null);
    expect(plugin.sync.rows(3000)).toHaveLength(3000);
    expect(plugin.sync.note('hello')).toBe('None');
    expect(notes).toEqual(['hello']);
    expect([...plugin.sync.stream(5)]).toEqual([1n, 2n, 3n, 4n, 5n]);
  });

  it('raises its error in the plugin, and is the cause of the error of a plugin that does not catch it', async () => {
    const { plugin, thrown } = await open(executor, 'sync_errors');

    expect(plugin.sync.catches('x')).toBe('STOCK: out of stock');
    const error = await errorOf(() => plugin.sync.fail('x'));
    expect(error).toMatchObject({ code: 'STOCK', message: 'out of stock', cause: thrown });
    expect(plugin.sync.add(1n, 2n)).toBe(3n);
  });

  it('may call the plugin again, to any reasonable depth', async () => {
    const opened = await open(executor, 'sync_depth', {
      functions: { back: (depth) => (depth === 0 ? 0 : 1 + opened.plugin.sync.deep(depth - 1)) },
    });

    expect(opened.plugin.sync.deep(8)).toBe(8);
    expect(opened.plugin.sync.deep(25)).toBe(25);
    expect(await errorOf(() => opened.plugin.sync.deep(100))).toMatchObject({ code: 'FIDIUS_CALL_REENTRANT' });
    expect(opened.plugin.sync.add(1n, 2n)).toBe(3n);
  });

  it('cannot be asynchronous', async () => {
    const { plugin } = await open(executor, 'sync_wait');

    expect(await errorOf(() => plugin.sync.wait(1))).toMatchObject({
      code: 'FIDIUS_CALL_SYNC',
      message: expect.stringContaining('is asynchronous'),
    });
  });

  it('belongs to the plugin that calls, also inside of a host function of another one', async () => {
    const inner = await open(executor, 'sync_inner', { options: { provide: [] } });
    const outer = await open(executor, 'sync_outer', {
      functions: { fail: () => String(inner.plugin.sync.catches('x')) },
    });

    expect(outer.plugin.sync.fail('x')).toBe(
      'FIDIUS_HOST_FUNCTIONS_ABSENT: the host does not provide the functions of Services to this plugin',
    );
  });

  it('is called while the package is imported', async () => {
    const { notes } = await open(executor, 'sync_import', { lines: `${declaration}\n_host.call(3, "imported")` });

    expect(notes).toEqual(['imported']);
  });

  it('is refused to a package that was written for another version', async () => {
    const lines = `_host = host_functions("Services", version=2, interface_hash=${Services.hashHex})`;

    expect(await errorOf(() => open(executor, 'sync_version', { lines }))).toMatchObject({
      code: 'FIDIUS_HOST_INTERFACE_MISMATCH',
    });
  });
});

describe('a host interface', () => {
  it('has the hash of the same trait in Rust', () => {
    const TestHost = defineHostInterface('TestHost', {
      version: 1,
      functions: {
        get_value: method({ key: t.string }, t.string),
        panicky: method({}, t.u32),
        reclaim_slot: method({ slot: t.string }, t.result(t.u32, 'PluginError')),
        release_slot: method({ slot: t.string }, t.result(t.unit, 'PluginError')),
      },
    });

    expect(TestHost.hashHex).toBe('0x14d923cec7581091');
  });

  it.each([
    ['without functions', {}, 'Empty has no functions'],
    ['with a stream', { f: method({}, t.stream(t.u32)) }, 'Empty.f takes or returns a stream'],
    ['with a raw function', { f: method.raw() }, 'Empty.f is raw'],
    ['with an optional function', { f: method({}, t.u32, { optional: true }) }, 'Empty.f is optional'],
    ['with another error', { f: method({}, t.result(t.u32, 'String')) }, 'expected an error of the type PluginError'],
  ])('is refused %s', (_what, given, message) => {
    expect(() => defineHostInterface('Empty', { version: 1, functions: given })).toThrow(
      expect.objectContaining({ code: 'FIDIUS_INTERFACE_INVALID', message: expect.stringContaining(message) }),
    );
  });

  it('is implemented by one function for each of its own', () => {
    const One = defineHostInterface('One', { version: 1, functions: { f: method({}, t.u32) } });

    expect(() => One.implement({} as never)).toThrow('One.implement() needs a function f, got undefined');
    expect(() => One.implement({ f: () => 1, g: () => 1 } as never)).toThrow('One has no function g');
  });

  it('is refused as an option in any other form', async () => {
    const host = await PluginHost.open();
    onTestFinished(() => host.close());
    const One = defineHostInterface('One', { version: 1, functions: { f: method({}, t.u32) } });
    const own = One.implement({ f: () => 1 });

    expect(await errorOf(() => host.load('x', Caller, { provide: [One] as never }))).toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
      message: expect.stringContaining('provide must be an array of host functions'),
    });
    expect(await errorOf(() => host.load('x', Caller, { provide: [own, own] }))).toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
      message: 'provide has two implementations of One',
    });
  });
});

describe('the stub of a host interface', () => {
  const Stubbed = defineHostInterface('Stubbed', {
    version: 2,
    doc: 'What the host knows.',
    functions: {
      add: method([{ a: t.i64 }, { b: t.i64 }], t.i64, { doc: 'Adds.', argumentDocs: { a: 'The first one.' } }),
      find: method({ row: Row }, t.option(Row)),
      from: method({ class: t.string }),
    },
  });
  const User = defineInterface('User', {
    version: 1,
    methods: {
      sum: method({}, t.i64),
      sum_later: method({}, t.i64),
      find: method({}, t.string),
      kept: method({}, t.string),
    },
  });

  it('calls each function with types, blocking and awaited', async () => {
    const searchPath = tempFolder();
    const folder = writePlugin(
      searchPath,
      'stubbed',
      User,
      'import stubbed_host as host',
      'def sum(): return host.add(1, 2)',
      'async def sum_later(): return await host.add_async(3, 4)',
      'def find(): return host.find({"id": 1, "name": "a"})["name"]',
      'def kept(): return repr(host.from_("x"))',
    );
    writeFileSync(join(folder, 'stubbed_host.py'), generateHostStub(Stubbed));
    await using host = await PluginHost.open({ searchPaths: [searchPath], executor: 'thread' });
    const classes: string[] = [];
    const provided = Stubbed.implement({
      add: (a, b) => a + b,
      find: (row) => ({ ...row, name: row.name.toUpperCase() }),
      from: (name) => void classes.push(name),
    });

    const { client } = await host.load('stubbed', User, { provide: [provided] });

    expect(await client.sum()).toBe(3n);
    expect(await client.sum_later()).toBe(7n);
    expect(await client.find()).toBe('A');
    expect(await client.kept()).toBe('None');
    expect(classes).toEqual(['x']);
  });

  it('is this text', () => {
    expect(generateHostStub(Stubbed)).toMatchSnapshot();
  });

  it('is written by the command line', async () => {
    const folder = tempFolder();
    const source = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
    writeFileSync(
      join(folder, 'services.ts'),
      `import { defineHostInterface, defineInterface, method, t } from ${JSON.stringify(source)};
export const One = defineInterface('One', { version: 1, methods: { f: method({}, t.u32) } });
export const Services = defineHostInterface('Services', { version: 1, functions: { now: method({}, t.u64) } });`,
    );

    const { exitCode, stdout } = await fidiusIn(folder, ['stub', 'services.ts#Services']);

    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('async def now_async() -> int:\n    return await _host.call_async(0)'),
    });
  });
});

describe('a host function of a process', () => {
  it('is called by the process that takes the place of one that has crashed', async () => {
    const { client } = await open('process', 'restarted', {
      lines: `${declaration}`,
      functions: { note: () => undefined },
    });
    const first = await client.pid();
    expect(await client.add(1n, 2n)).toBe(3n);

    process.kill(first, 'SIGKILL');
    await eventually(async () => (await client.pid().catch(() => first)) !== first, 'the next process');

    expect(await client.add(1n, 2n)).toBe(3n);
  });
});
