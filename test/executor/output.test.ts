import { describe, expect, it, onTestFinished } from 'vitest';
import { type ExecutorName, executorNames, type OutputEvent, PluginHost } from '../../src/index.ts';
import { eventually, uncaughtDuring } from '../support/eventually.ts';
import { loadProbe, openExecutor, type Probe } from '../support/executors.ts';
import { Greeter } from '../support/greeter.ts';
import { runIsolated } from '../support/isolated.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const lines = [
  'import logging, os, subprocess, sys, threading, time',
  'print("imported")',
  'def say(text): print(text)',
  'def say_words(one, two): print(one, two)',
  'def say_to_stderr(text): print(text, file=sys.stderr)',
  'def say_without_end(text): print(text, end="")',
  'def say_bytes(data): sys.stdout.buffer.write(data)',
  'def say_much(count):',
  '    for index in range(count): print("line", index)',
  'def say_in_thread(text):',
  '    thread = threading.Thread(target=lambda: print(text))',
  '    thread.start(); thread.join()',
  'def log(level, text): logging.getLogger("probe.log").log(level, text)',
  'def log_error():',
  '    try: 1 / 0',
  '    except ZeroDivisionError: logging.getLogger("probe.log").exception("went wrong")',
  'async def say_later(text): print(text)',
  'def look(): return repr([sys.stdout.isatty(), sys.stdout.fileno(), sys.stdout.encoding])',
];
const methods = [
  'say(str)',
  'say_words(str, str)',
  'say_to_stderr(str)',
  'say_without_end(str)',
  'say_bytes(bytes)',
  'say_much(i32)',
  'say_in_thread(str)',
  'log(i32, str)',
  'log_error',
  'say_later(str)',
  'look(): str',
];

interface Listening extends Probe {
  readonly events: OutputEvent[];
  readonly texts: () => string[];
}

async function listen(executor: ExecutorName, name = 'probe'): Promise<Listening> {
  const events: OutputEvent[] = [];
  const probe = await loadProbe(openExecutor(executor, { onOutput: (event) => void events.push(event) }), {
    methods: methods.filter((method) => executor === 'thread' || !method.startsWith('say_later')),
    lines,
    name,
  });
  return { ...probe, events, texts: () => events.map(({ text }) => text) };
}

describe.each(executorNames)('output with the executor %s', (executor) => {
  it('reaches the host line by line, before the answer of the call', async () => {
    const { call, events } = await listen(executor);

    await call('say_words', ['two', 'words\nand a line']);

    expect(events).toEqual([
      { plugin: 'probe', stream: 'stdout', text: 'imported' },
      { plugin: 'probe', stream: 'stdout', text: 'two words' },
      { plugin: 'probe', stream: 'stdout', text: 'and a line' },
    ]);
  });

  it.skipIf(executor === 'process')('reaches the host from calls through `sync` as well', async () => {
    const texts: string[] = [];
    const folder = tempFolder();
    writePlugin(folder, 'prints', Greeter, 'def greet(name): print(name); return name', 'def count(): return 0');
    const host = await PluginHost.open({
      searchPaths: [folder],
      executor,
      onOutput: ({ text }) => void texts.push(text),
    });
    onTestFinished(() => host.close());
    const { sync } = await host.load('prints', Greeter);

    sync.greet('you');
    const atOnce = [...texts];
    await eventually(() => texts.length > 0);

    expect(texts).toEqual(['you']);
    expect(atOnce).toEqual(executor === 'inline' ? ['you'] : []);
  });

  it('keeps streams apart, and takes bytes and odd characters', async () => {
    const { call, events } = await listen(executor);

    await call('say_to_stderr', ['careful']);
    await call('say_bytes', [Uint8Array.of(0xff, 0x41, 0x0a)]);
    await call('say', ['häß \u{1F600}']);

    expect(events.slice(1)).toEqual([
      { plugin: 'probe', stream: 'stderr', text: 'careful' },
      { plugin: 'probe', stream: 'stdout', text: '\ufffdA' },
      { plugin: 'probe', stream: 'stdout', text: 'häß \u{1F600}' },
    ]);
  });

  it('carries records of logging with level and logger', async () => {
    const { call, events } = await listen(executor);

    await call('log', [30, 'mind the gap']);
    await call('log', [10, 'below the level of the root logger']);
    await call('log_error');

    expect(events[1]).toEqual({
      plugin: 'probe',
      stream: 'log',
      text: 'mind the gap',
      level: 'WARNING',
      logger: 'probe.log',
    });
    expect(events).toHaveLength(3);
    expect(events[2]?.text).toMatch(/^went wrong\nTraceback[\s\S]*ZeroDivisionError/);
  });

  it('knows whose it is also on threads that the plugin started', async () => {
    const { call, texts, events } = await listen(executor);

    await call('say_in_thread', ['from afar']);

    await eventually(() => texts().includes('from afar'));
    expect(events.at(-1)?.plugin).toBe('probe');
  });

  it('holds back a line until it is ended, and gives it out at the latest when the host is closed', async () => {
    const events: OutputEvent[] = [];
    const opened = openExecutor(executor, { onOutput: (event) => void events.push(event) });
    const { call } = await loadProbe(opened, { methods: ['say_without_end(str)'], lines });

    await call('say_without_end', ['half']);
    expect(events.map(({ text }) => text)).toEqual(['imported']);
    await opened.close();

    expect(events.map(({ text }) => text)).toEqual(['imported', 'half']);
  });

  it('leaves the streams what they were to those who ask', async () => {
    const { call } = await listen(executor);

    expect(await call('look')).toBe("[False, 1, 'utf-8']");
  });

  it('survives a listener that throws', async () => {
    const errors = await uncaughtDuring(async (isThere) => {
      const executorThatThrows = openExecutor(executor, {
        onOutput: () => {
          throw new Error('listener');
        },
      });

      const { call } = await loadProbe(executorThatThrows, { methods: ['say(str)', 'look(): str'], lines });
      await call('say', ['x']);
      await isThere();
    });

    expect(errors[0]?.message).toBe('listener');
  });
});

describe('output of threads', () => {
  it('is complete, however much it is', async () => {
    const { call, texts } = await listen('thread');

    await call('say_much', [20_000]);

    expect(texts().slice(1)).toEqual(Array.from({ length: 20_000 }, (_, index) => `line ${index}`));
  });

  it('is told apart by plugin', async () => {
    const [one, two] = [await listen('thread', 'one'), await listen('thread', 'two')];

    await Promise.all([one.call('say', ['1']), two.call('say', ['2']), one.call('say_later', ['3'])]);

    expect(one.events.slice(1).map(({ plugin, text }) => `${plugin} ${text}`)).toEqual(
      expect.arrayContaining(['one 1', 'one 3']),
    );
    expect(two.texts().slice(1)).toEqual(['2']);
  });
});

describe('output at the end of a program', () => {
  it.each(['listen', 'inherit'])(
    'is complete when the host says %s',
    async (how) => {
      const outcome = await runIsolated('print-and-exit.ts', { args: [how], timeoutMs: 60_000 });

      expect(outcome).toMatchObject({ exitCode: 5, timedOut: false });
      const texts = outcome.stdout.trim().split('\n').sort();
      expect(texts).toEqual(['at exit', 'from a coroutine', 'from the pool', 'in a finally', 'on this thread']);
    },
    90_000,
  );
});
