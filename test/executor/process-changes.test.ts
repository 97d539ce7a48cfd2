import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ExecutorName, executorNames, type HostNotice, PluginHost } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { loadProbe, openExecutor, type Probe } from '../support/executors.ts';
import { Greeter } from '../support/greeter.ts';
import { outputOf } from '../support/isolated.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const lines = [
  'import asyncio, builtins, decimal, gc, logging, logging.config, os, socket, ssl, sys, threading, time, warnings',
  'import multiprocessing, asyncio.events',
  'def execute(source): exec(source, globals())',
  'async def execute_later(source):',
  '    await asyncio.sleep(0.3)',
  '    execute(source)',
  'def wait(seconds): time.sleep(seconds)',
  'started, go_on = threading.Event(), threading.Event()',
  'def block():',
  '    started.set(); go_on.wait()',
  'def unblock():',
  '    started.wait(); go_on.set()',
];
const methods = ['execute(str)', 'execute_later(str)', 'wait(f64)', 'block', 'unblock'];

interface Told {
  readonly notices: HostNotice[];
  readonly load: (name: string, extra?: readonly string[]) => Promise<Probe>;
}

function open(name: ExecutorName): Told {
  const notices: HostNotice[] = [];
  // One process for all plugins, as with the other executors.
  const executor = openExecutor(name, {
    onNotice: (notice) => void notices.push(notice),
    process: { group: 'all' },
  });
  const known = methods.filter((method) => name !== 'inline' || method !== 'execute_later(str)');
  return {
    notices,
    load: (plugin, extra = []) => loadProbe(executor, { methods: known, lines: [...lines, ...extra], name: plugin }),
  };
}

/** Each with what undoes it, and parts of the message. */
const changes: readonly (readonly [kind: HostNotice['kind'], change: string, undo: string, message: RegExp])[] = [
  ['timeZone', 'os.environ["TZ"] = "Asia/Tokyo"; time.tzset()', 'del os.environ["TZ"]; time.tzset()', /JST.*Tokyo/],
  [
    'environmentVariables',
    'os.environ["FIDIUS_A"] = "secret"',
    'del os.environ["FIDIUS_A"]',
    /from \[] to \[FIDIUS_A]$/,
  ],
  ['garbageCollector', 'gc.disable()', 'gc.enable()', /from \[enabled: True] to \[enabled: False]/],
  ['garbageCollector', 'gc.set_threshold(1, 2, 3)', 'gc.set_threshold(700, 10, 10)', /to \[thresholds: \(1, 2, /],
  ['recursionLimit', 'sys.setrecursionlimit(777)', 'sys.setrecursionlimit(1000)', /to 777$/],
  ['interpreterLimits', 'sys.setswitchinterval(0.5)', 'sys.setswitchinterval(0.005)', /switch interval: 0\.5/],
  ['byteCode', 'sys.dont_write_bytecode = False', 'sys.dont_write_bytecode = True', /"not written" to "written"/],
  ['tracing', 'threading.settrace(print)', 'threading.settrace(None)', /to \[threading\.settrace]/],
  ['exceptionHooks', 'sys.excepthook = print', 'sys.excepthook = sys.__excepthook__', /to \[sys\.excepthook]/],
  ['builtInFunctions', 'old = open; builtins.open = print', 'builtins.open = old', /to \[builtins\.open]/],
  ['standardLibrary', 'old = time.sleep; time.sleep = print', 'time.sleep = old', /to \[time\.sleep]/],
  ['loggingThreshold', 'logging.disable(50)', 'logging.disable(0)', /from 0 to 50/],
  [
    'disabledLoggers',
    'logging.getLogger("someone.else"); logging.config.dictConfig({"version": 1})',
    'logging.getLogger("someone.else").disabled = False; logging.getLogger("someone").disabled = False',
    /to \[.*someone\.else.*]/,
  ],
  [
    'warningsFilters',
    'kept = warnings.filters[:]; warnings.simplefilter("ignore")',
    'warnings.filters[:] = kept',
    /to \[ignore Warning/,
  ],
  ['socketTimeout', 'socket.setdefaulttimeout(3)', 'socket.setdefaulttimeout(None)', /from none to 3/],
  [
    'certificateChecks',
    'old = ssl._create_default_https_context; ssl._create_default_https_context = ssl._create_unverified_context',
    'ssl._create_default_https_context = old',
    /"checked" to "_create_unverified_context"/,
  ],
  ['decimalDefaults', 'decimal.DefaultContext.prec = 5', 'decimal.DefaultContext.prec = 28', /to "5 digits/],
  [
    'startMethod',
    'multiprocessing.set_start_method("spawn", force=True)',
    'multiprocessing.set_start_method(None, force=True)',
    /to "spawn"|to "the default"/,
  ],
  [
    'standardStreams',
    'saved = os.dup(2); null = os.open(os.devnull, os.O_WRONLY); os.dup2(null, 2)',
    'os.dup2(saved, 2); os.close(saved); os.close(null)',
    /to \[stderr: device/,
  ],
  [
    'standardStreams',
    'sys.stdout.reconfigure(errors="replace")',
    'sys.stdout.reconfigure(errors="backslashreplace")',
    /text of stdout: utf-8, replace/,
  ],
  ['standardStreams', 'sys.__dict__["stdout"] = None', 'pass', /sys\.stdout: replaced/],
  ['crashReports', 'import faulthandler; faulthandler.enable()', 'faulthandler.disable()', /false to true/],
];

describe.each(executorNames)('what a plugin changes for the whole process with the executor %s', (executor) => {
  // A process of its own reports crashes from its start on.
  it.each(changes.filter(([kind]) => executor !== 'process' || kind !== 'crashReports'))(
    'is told to its host: %s (%s)',
    async (kind, change, undo, message) => {
      const { notices, load } = open(executor);
      const { call } = await load('culprit');
      await load('innocent');

      await call('execute', [change]);
      await eventually(() => notices.some((notice) => notice.kind === kind), `a notice of ${kind}`);

      const found = notices.filter((notice) => notice.kind === kind);
      expect(found.map(({ plugins }) => plugins)).toEqual([['culprit']]);
      expect(found[0]?.message).toMatch(message);
      expect(found[0]?.message).not.toContain('secret');
      expect(found[0]?.hint).toMatch(/\.$/);
      await call('execute', [undo]);
    },
    30_000,
  );

  it('is not told of the tool of `sys.monitoring` by which the library stops calls', async () => {
    const { notices, load } = open(executor);
    const { call } = await load('loops');

    await expect(call('execute', ['while True: pass'], { timeoutMs: 50 })).rejects.toThrow('50 ms');
    await call('execute', ['sys.setrecursionlimit(1236)']);

    await eventually(() => notices.length > 0);
    expect(notices.map(({ kind }) => kind)).toEqual(['recursionLimit']);
    await call('execute', ['sys.setrecursionlimit(1000)']);
  });

  it('is told by the plugin that ran, not by the one that is loaded next', async () => {
    const { notices, load } = open(executor);
    const { call } = await load('culprit');

    await call('execute', ['sys.setrecursionlimit(1234)']);
    await load('innocent');

    await eventually(() => notices.length > 0);
    expect(notices.map(({ kind, plugins }) => [kind, plugins])).toEqual([['recursionLimit', ['culprit']]]);
    await call('execute', ['sys.setrecursionlimit(1000)']);
  });

  it('is told by the plugin whose module did it', async () => {
    const { notices, load } = open(executor);
    const { call } = await load('innocent');
    await load('culprit', ['sys.setrecursionlimit(1235)']);

    await eventually(() => notices.length > 0);
    expect(notices.map(({ kind, plugins }) => [kind, plugins])).toEqual([['recursionLimit', ['culprit']]]);
    await call('execute', ['sys.setrecursionlimit(1000)']);
  });

  it('is told to the host that loaded the plugin, and to no other', async () => {
    const [one, two] = [open(executor), open(executor)];
    const { call } = await one.load('culprit');
    await two.load('innocent');

    await call('execute', ['sys.setrecursionlimit(1236)']);
    await two.load('another');

    await eventually(() => one.notices.length > 0);
    expect(one.notices.map(({ plugins }) => plugins)).toEqual([['culprit']]);
    expect(two.notices).toEqual([]);
    await call('execute', ['sys.setrecursionlimit(1000)']);
  });

  it('names every plugin that ran where it can have been several', async () => {
    const { notices, load } = open(executor);
    const [one, two] = [await load('one'), await load('two')];

    await Promise.all([one.call('execute', ['sys.setrecursionlimit(1237)']), two.call('execute', ['pass'])]);

    await eventually(() => notices.length > 0);
    expect(notices.map(({ plugins }) => plugins)).toEqual([['one', 'two']]);
    expect(notices[0]?.message).toMatch(/^One of the plugins one, two changed the recursion limit/);
    await one.call('execute', ['sys.setrecursionlimit(1000)']);
  });

  it.skipIf(executor === 'process')('is told when the call was made through `sync`', async () => {
    const folder = tempFolder();
    const body = [
      'import sys',
      'def greet(name): sys.setrecursionlimit(int(name)); return name',
      'def count(): return 0',
    ];
    writePlugin(folder, 'culprit', Greeter, ...body);
    const notices: HostNotice[] = [];
    const host = await PluginHost.open({
      searchPaths: [folder],
      executor,
      onNotice: (notice) => void notices.push(notice),
    });
    onTestFinished(() => host.close());
    const { sync } = await host.load('culprit', Greeter);

    for (const limit of ['1238', '1239']) {
      sync.greet(limit);
      await eventually(() => notices.some(({ message }) => message.endsWith(`to ${limit}`)));
    }

    expect(notices.map(({ plugins }) => plugins)).toEqual([['culprit'], ['culprit']]);
    sync.greet('1000');
  });

  it('is told at the latest when the host is closed', async () => {
    const notices: HostNotice[] = [];
    const opened = openExecutor(executor, { onNotice: (notice) => void notices.push(notice) });
    const { call, plugin } = await loadProbe(opened, { methods: ['execute(str)'], lines });

    await call('execute', ['sys.setrecursionlimit(1240)']);
    await plugin.close();
    await opened.close();

    expect(notices.map(({ kind, plugins }) => [kind, plugins])).toEqual([['recursionLimit', ['probe']]]);
    const other = await loadProbe(openExecutor(executor), { methods: ['execute(str)'], lines });
    await other.call('execute', ['sys.setrecursionlimit(1000)']);
  });
});

describe.each(executorNames)('the root logger with the executor %s', (name) => {
  it('is reported when the handler of the host is removed', async () => {
    const notices: HostNotice[] = [];
    const executor = openExecutor(name, { onOutput: () => {}, onNotice: (notice) => void notices.push(notice) });
    const { call } = await loadProbe(executor, { methods, lines });

    await call('execute', [
      'logging.config.dictConfig({"version": 1, "root": {"handlers": []}, "disable_existing_loggers": False})',
    ]);
    const found = () => notices.filter(({ kind }) => kind === 'rootLogger');
    await eventually(() => found().length > 0);

    expect(found().map(({ plugins }) => plugins)).toEqual([['probe']]);
    expect(found()[0]?.message).toMatch(/from \[the handler of the host] to \[]$/);
  });

  it('is not told of when a handler is added', async () => {
    const { notices, load } = open(name);
    const { call } = await load('adds');

    await call('execute', ['logging.basicConfig(force=False)']);
    await load('another');

    expect(notices).toEqual([]);
    await call('execute', ['for each in logging.root.handlers[:]: logging.root.removeHandler(each)']);
  });
});

describe('with calls that overlap', () => {
  it('a call that waits all the time is not suspected', async () => {
    const { notices, load } = open('thread');
    const [waits, culprit] = [await load('waits'), await load('culprit')];
    const waiting = waits.call('block');
    await culprit.call('execute', ['sys.setrecursionlimit(1241)']);
    await eventually(() => notices.length > 0);
    notices.length = 0;

    await culprit.call('execute', ['sys.setrecursionlimit(1242)']);
    await eventually(() => notices.length > 0);

    expect(notices.map(({ plugins }) => plugins)).toEqual([['culprit']]);
    await waits.call('unblock');
    await waiting;
    await culprit.call('execute', ['sys.setrecursionlimit(1000)']);
  });

  it('a call that began before the last look and ended since is among those named', async () => {
    const { notices, load } = open('thread');
    const { call } = await load('culprit');
    const file = join(tempFolder(), 'go on');
    const change = [
      `while not os.path.exists(${JSON.stringify(file)}): time.sleep(0.01)`,
      'sys.setrecursionlimit(1245)',
    ].join('\n');

    const changing = call('execute', [change]);
    await load('innocent');
    writeFileSync(file, '');
    await changing;
    await eventually(() => notices.length > 0);

    expect(notices.map(({ plugins }) => plugins)).toEqual([['culprit']]);
    await call('execute', ['sys.setrecursionlimit(1000)']);
  });

  it('a change by a coroutine is reported when the coroutine ends, also without other calls', async () => {
    const { notices, load } = open('thread');
    const { call } = await load('culprit');

    await call('execute_later', ['sys.setrecursionlimit(1243)']);
    await eventually(() => notices.length > 0);

    expect(notices.map(({ plugins }) => plugins)).toEqual([['culprit']]);
    await call('execute', ['sys.setrecursionlimit(1000)']);
  });

  it('something is told also when calls never come to rest', async () => {
    const { notices, load } = open('thread');
    const [busy, culprit] = [await load('busy'), await load('culprit')];
    let over = false;
    const keepBusy = (async () => {
      while (!over) await busy.call('execute', ['pass']);
    })();

    await culprit.call('execute', ['sys.setrecursionlimit(1244)']);
    await eventually(() => notices.length > 0).finally(() => {
      over = true;
    });
    await keepBusy;

    expect(notices[0]?.plugins).toContain('culprit');
    await culprit.call('execute', ['sys.setrecursionlimit(1000)']);
  });
});

it('libraries in common use are imported without a notice', async () => {
  const { notices, load } = open('thread');

  await load('imports', [
    'import argparse, concurrent.futures, ctypes, email, http.client, sqlite3, subprocess, unittest.mock',
  ]);
  await load('imports-too', ['import asyncio, csv, json, tempfile, urllib.request, xml.etree.ElementTree, zipfile']);

  expect(notices).toEqual([]);
});

it('a change is not told to a host that was opened later', async () => {
  const folder = tempFolder();
  for (const [name, limit] of [
    ['first', 2001],
    ['second', 2002],
  ] as const) {
    const body = [
      'import sys',
      `sys.setrecursionlimit(${limit})`,
      'def greet(name): return name',
      'def count(): return 0',
    ];
    writePlugin(folder, name, Greeter, ...body);
  }

  const { stdout } = await outputOf('change-twice.ts', { args: [folder] });

  expect(stdout).toBe('first: first\nsecond: second\n');
}, 60_000);
