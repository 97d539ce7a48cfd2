import { readdirSync } from 'node:fs';
import {
  defineInterface,
  type HostLoadOptions,
  type HostNotice,
  type HostOptions,
  method,
  PluginHost,
  t,
} from 'fidius';
import { describe, expect, it, onTestFinished } from 'vitest';
import { executorNames } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failure.ts';
import { outputOf } from '../support/isolated.ts';
import { observe } from '../support/observer.ts';
import { writeGreeter, writePlugin } from '../support/plugin-folders.ts';
import { anotherPython } from '../support/pythons.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Worker = defineInterface('Worker', {
  version: 1,
  methods: {
    busy: method({ seconds: t.f64 }, t.f64),
    sleep: method({ seconds: t.f64 }, t.f64),
    most: method({}, t.u32),
    threads: method({}, t.list(t.i64)),
    say: method({ text: t.string }, t.unit),
  },
});

const lines = [
  'import threading, time',
  'thread_of_import = threading.get_ident()',
  'lock = threading.Lock()',
  'running, most_running = 0, 0',
  'def busy(seconds):',
  '    end = time.monotonic() + seconds',
  '    while time.monotonic() < end: pass',
  '    return seconds',
  'def sleep(seconds):',
  '    global running, most_running',
  '    with lock:',
  '        running += 1',
  '        most_running = max(most_running, running)',
  '    time.sleep(seconds)',
  '    with lock: running -= 1',
  '    return seconds',
  'def most(): return most_running',
  'def threads(): return [thread_of_import, threading.get_ident()]',
  'def say(text): print(text)',
];

let plugins = 0;

/** Writes a plugin, with these lines in front, and opens a host that finds it. The host is closed after the test. */
async function open(options: HostOptions, ...before: readonly string[]) {
  plugins += 1;
  const name = `worker_${plugins}`;
  const folder = tempFolder();
  writePlugin(folder, name, Worker, ...before, ...lines);
  const host = await PluginHost.open({ searchPaths: [folder], ...options });
  onTestFinished(() => host.close({ mode: 'abort', timeoutMs: 5000 }));
  return { host, load: (loadOptions?: HostLoadOptions) => host.load(name, Worker, loadOptions) };
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

describe.each(executorNames)('a host with the executor %s', (executor) => {
  // Only there can a call on the JavaScript thread be interrupted.
  describe.runIf(executor !== 'inline' || process.platform === 'linux')('and timeoutMs', () => {
    it('lets calls time out', async () => {
      const { load } = await open({ executor, timeoutMs: 200 });
      const { client } = await load();

      const error = await failureOf(() => client.busy(20));

      expect(error.code).toBe('FIDIUS_CALL_TIMEOUT');
      expect(error.message).toContain('200 ms');
    });

    it('leaves the last word to the load', async () => {
      const { load } = await open({ executor, timeoutMs: 20_000 });
      const { client } = await load({ timeoutMs: 150 });

      const error = await failureOf(() => client.busy(20));

      expect(error.code).toBe('FIDIUS_CALL_TIMEOUT');
      expect(error.message).toContain('150 ms');
    });

    it('leaves it to the load also when that allows more', async () => {
      const { load } = await open({ executor, timeoutMs: 100 });
      const { client } = await load({ timeoutMs: 30_000 });

      expect(await client.busy(0.3)).toBe(0.3);
    });

    it('leaves the very last word to the call', async () => {
      const { load } = await open({ executor, timeoutMs: 100 });
      const { client } = await load({ timeoutMs: 200 });

      expect(await client.busy(0.4, { timeoutMs: 30_000 })).toBe(0.4);
      expect((await failureOf(() => client.busy(20, { timeoutMs: 150 }))).message).toContain('150 ms');
    });
  });

  it('runs calls as it says, unless the load says otherwise', async () => {
    const { load } = await open({ executor });
    const other = executorNames.find((name) => name !== executor);

    expect((await load()).info.executor).toBe(executor);
    expect((await load({ executor: other })).info.executor).toBe(other);
  });

  it('gives onOutput what plugins print', async () => {
    const printed: unknown[] = [];
    const onOutput = ({ plugin, text }: { plugin?: string | undefined; text: string }) => printed.push([plugin, text]);
    const { load } = await open({ executor, onOutput });
    const { client, info } = await load();

    await client.say('something');

    await eventually(() => printed.length > 0, 'the line');
    expect(printed).toEqual([[info.name, 'something']]);
  });

  it('gives onNotice what plugins change for the whole process', async () => {
    const kinds: unknown[] = [];
    const here = process.cwd();
    const onNotice = (notice: HostNotice) => void kinds.push(notice.kind);
    const { load } = await open({ executor, onNotice }, 'import os, tempfile', 'os.chdir(tempfile.gettempdir())');

    try {
      await load();
    } finally {
      process.chdir(here);
    }

    await eventually(() => kinds.length > 0, 'the notice');
    expect(kinds).toContain('workingFolder');
  });

  it.skipIf(anotherPython() === undefined).each(['python', 'libpython'] as const)(
    'starts the Python of its option %s',
    async (option) => {
      const folder = tempFolder();
      writeGreeter(folder, 'greeter');
      const other = anotherPython();
      const value = (option === 'python' ? other?.executable : other?.libpython) ?? '';

      const { stdout } = await outputOf('host-python.ts', { args: [executor, folder, 'greeter', option, value] });

      expect(stdout.trim()).toBe(other?.version);
    },
  );
});

describe('a host with threads', () => {
  it('lets a load time out after loadTimeoutMs', async () => {
    const { load } = await open({ loadTimeoutMs: 300 }, 'while True: pass');

    const error = await failureOf(() => load());

    expect(error.code).toBe('FIDIUS_LOAD_TIMEOUT');
    expect(error.message).toContain('300 ms');
  });

  it('leaves the last word on loadTimeoutMs to the load', async () => {
    const { load } = await open({ loadTimeoutMs: 20_000 }, 'while True: pass');

    const error = await failureOf(() => load({ loadTimeoutMs: 200 }));

    expect(error.code).toBe('FIDIUS_LOAD_TIMEOUT');
    expect(error.message).toContain('200 ms');
  });

  it('leaves it to the load also when that allows more', async () => {
    const { load } = await open({ loadTimeoutMs: 100 }, 'import time', 'time.sleep(0.4)');

    const { client } = await load({ loadTimeoutMs: 30_000 });

    expect(await client.most()).toBe(0);
  });

  it.each([1, 3])('has no more than %i of them', async (threads) => {
    const { host, load } = await open({ threads });
    const { client } = await load();
    const counts = new Set<number | undefined>();

    const calls = times(20, () => client.sleep(0.05).finally(() => counts.add(host.stats().executors[0]?.threads)));
    await Promise.all(calls);

    expect(Math.max(...[...counts].map(Number))).toBe(threads);
    // One thread is left for other plugins.
    expect(await client.most()).toBe(Math.max(1, threads - 1));
  });

  it('has as many spareThreads as it says for those that are stuck', async () => {
    const without = await open({ threads: 1, spareThreads: 0 });
    const withOne = await open({ threads: 1, spareThreads: 1 });
    const [{ client: first }, { client: second }] = [await without.load(), await withOne.load()];

    const stuck = [first, second].map((client) => failureOf(() => client.sleep(4, { timeoutMs: 100 })));
    for (const error of await Promise.all(stuck)) expect(error.code).toBe('FIDIUS_CALL_TIMEOUT');
    const refused = failureOf(() => first.most());

    expect(await second.most()).toBe(1);
    expect((await refused).code).toBe('FIDIUS_POOL_STUCK');
  });

  it.each([1, 2])('runs no more calls of a plugin at a time than maxConcurrent, %i', async (maxConcurrent) => {
    const { load } = await open({});
    const { client } = await load({ maxConcurrent });

    await Promise.all(times(6, () => client.sleep(0.05)));

    expect(await client.most()).toBe(maxConcurrent);
  });

  it('has no more calls of a plugin wait than maxQueued', async () => {
    const { load } = await open({});
    const plugin = await load({ maxQueued: 3 });
    const { client } = plugin;
    const abort = new AbortController();

    const calls = Promise.allSettled(times(259, () => client.sleep(1, { signal: abort.signal })));
    expect(plugin.stats().queued).toBe(3);
    const refused = await failureOf(() => client.sleep(1));
    abort.abort();

    expect(refused.code).toBe('FIDIUS_QUEUE_FULL');
    expect((await calls).map(({ status }) => status)).not.toContain('fulfilled');
  });

  it('runs a plugin on a separate thread with ownThread, including its import', async () => {
    const { load } = await open({});
    const plugin = await load({ ownThread: true });

    const all = await Promise.all(times(10, () => plugin.client.threads()));

    expect(new Set(all.flat()).size).toBe(1);
    expect((await failureOf(() => plugin.sync.most())).code).toBe('FIDIUS_CALL_SYNC');
  });
});

describe('a host that is closed', () => {
  const threads = async () =>
    await observe('evaluate', '[t.name for t in __import__("threading").enumerate() if t.name.startswith("fidius-")]');
  const descriptors = () => readdirSync('/proc/self/fd').length;

  it('ends its threads', async () => {
    await observe('evaluate', '1');
    for (let round = 0; round < 4; round += 1) {
      const { host, load } = await open({});
      const { client } = await load();
      await Promise.all(times(6, () => client.sleep(0.01)));
      expect(await threads()).not.toEqual([]);

      await host.close();
    }

    await eventually(async () => ((await threads()) as string[]).length === 0, 'the end of the threads');
    expect(await threads()).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('closes its descriptors', async () => {
    const round = async () => {
      const { host, load } = await open({});
      await (await load()).client.most();
      await host.close();
      await eventually(async () => ((await threads()) as string[]).length === 0, 'the end of the threads');
    };
    await round();
    const before = descriptors();

    for (let index = 0; index < 4; index += 1) await round();

    await eventually(() => descriptors() <= before, 'the end of the descriptors');
    expect(descriptors()).toBeLessThanOrEqual(before);
  });
});
