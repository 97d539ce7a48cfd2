import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { loadProbe, openExecutor, type Probe } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';
import { outputOf } from '../support/isolated.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Loads a module with a method `work`, lets it run out of time, and waits until it has stopped. */
async function stopWork(lines: readonly string[], methods: readonly string[] = []): Promise<Probe> {
  const probe = await loadProbe(openExecutor(), { methods: ['work', ...methods], lines });
  await failureOf(() => probe.call('work', [], { timeoutMs: 100 }));
  await eventually(() => probe.plugin.stats().outcomes.stopped === 1, 'stopped');
  return probe;
}

/** A module in a folder of the environment, and the lines that import it. */
function library(name: string, lines: readonly string[]): readonly string[] {
  const folder = tempFolder('library');
  writeFileSync(join(folder, `${name}.py`), lines.join('\n'));
  return ['import sys', `sys.path.append(${JSON.stringify(folder)})`, `import ${name}`];
}

describe('stopping a call', () => {
  it('leaves a lock of the standard library free that is held while it calls the package', async () => {
    const { call } = await stopWork(
      [
        'import logging',
        'log = logging.getLogger("fidius_safe_stopping")',
        'log.propagate = False',
        'class Endless(logging.Handler):',
        '    def emit(self, record):',
        '        if record.msg == "endless":',
        '            while True: pass',
        'handler = Endless()',
        'log.addHandler(handler)',
        'def work(): log.warning("endless")',
        'def is_free():',
        '    import threading',
        '    found = []',
        '    def look():',
        '        found.append(handler.lock.acquire(timeout=5))',
        '        if found[0]: handler.lock.release()',
        '    thread = threading.Thread(target=look)',
        '    thread.start()',
        '    thread.join()',
        '    return found[0]',
      ],
      ['is_free(): bool'],
    );

    expect(await call('is_free')).toBe(true);
  });

  it('waits until code of the standard library comes back to the package', async () => {
    const executor = openExecutor();
    const { plugin, call } = await loadProbe(executor, {
      methods: ['work', 'come_back'],
      lines: [
        'import threading',
        'event = threading.Event()',
        'def work():',
        '    event.wait()',
        '    while True: pass',
        'def come_back(): event.set()',
      ],
    });

    await failureOf(() => call('work', [], { timeoutMs: 100 }));
    await eventually(() => executor.stats().stuckThreads === 1);
    expect(plugin.stats().outcomes.stopped).toBe(0);

    await call('come_back');
    await eventually(() => plugin.stats().outcomes.stopped === 1, 'stopped');
  });

  it('stops between two statements without a loop', async () => {
    const { call } = await stopWork(
      [
        'import time',
        'done = []',
        'def work():',
        '    done.append("first")',
        '    time.sleep(0.4)',
        '    done.append("second")',
        'def log(): return done',
      ],
      ['log(): [str]'],
    );

    expect(await call('log')).toEqual(['first']);
  });

  it.each([
    ['a recursion', ['def work(n=60): return n if n < 2 else work(n - 1) + work(n - 2)']],
    ['a generator', ['def numbers():', '    while True: yield 1', 'def work(): return sum(numbers())']],
    ['code out of exec', ['def work(): exec("while True: pass", {})']],
    ['a key of a sort', ['def key(n):', '    while True: pass', 'def work(): return sorted([2, 1], key=key)']],
    ['a hash', ['class Key:', '    def __hash__(self):', '        while True: pass', 'def work(): return {Key()}']],
    [
      'a loop behind a __del__, which swallows the first attempt',
      [
        'def endless():',
        '    while True: pass',
        'class Last:',
        '    def __del__(self): endless()',
        'def work():',
        '    Last()',
        '    while True: pass',
      ],
    ],
  ])(
    'stops %s',
    async (_what, lines) => {
      const { plugin } = await stopWork(lines);

      expect(plugin.stats().outcomes).toEqual({ stopped: 1, finishedAnyway: 0, stillRunning: 0 });
    },
    20_000,
  );

  it('runs the finally block of a loop that stands right in its try', async () => {
    const { call } = await stopWork(
      [
        'done = []',
        'def work():',
        '    try:',
        '        while True: pass',
        '    finally: done.append("cleaned up")',
        'def log(): return done',
      ],
      ['log(): [str]'],
    );

    expect(await call('log')).toEqual(['cleaned up']);
  });

  it('lets a finally block and __exit__ run to their end', async () => {
    const { call } = await stopWork(
      [
        'import time',
        'done = []',
        'class Held:',
        '    def __enter__(self): return self',
        '    def __exit__(self, *error):',
        '        for _ in range(20): time.sleep(0.001)',
        '        done.append("exit")',
        'def work():',
        '    try:',
        '        with Held():',
        '            time.sleep(0.2)',
        '    finally:',
        '        for _ in range(20): time.sleep(0.001)',
        '        done.append("finally")',
        '    while True: pass',
        'def log(): return done',
      ],
      ['log(): [str]'],
    );

    expect(await call('log')).toEqual(['exit', 'finally']);
  });

  it.each([
    ['a finally block', ['    try: pass', '    finally: give_back()']],
    ['an except block', ['    try: raise KeyError', '    except KeyError: give_back()']],
    ['__exit__', ['    with Held(): pass']],
    ['__del__', ['    Held()']],
    ['a generator that is resumed into its finally block', ['    with held(): pass']],
  ])('lets what is called from %s run to its end', async (_what, lines) => {
    const { call } = await stopWork(
      [
        'import contextlib, time',
        'done = []',
        'def give_back():',
        '    end = time.monotonic() + 0.3',
        '    while time.monotonic() < end: pass',
        '    done.append("given back")',
        'class Held:',
        '    def __enter__(self): return self',
        '    def __exit__(self, *error): give_back()',
        '    def __del__(self): done or give_back()',
        '@contextlib.contextmanager',
        'def held():',
        '    try: yield',
        '    finally: give_back()',
        'def work():',
        ...lines,
        '    while True: pass',
        'def log(): return done',
      ],
      ['log(): [str]'],
    );

    expect(await call('log')).toEqual(['given back']);
  });

  it('stops a library that has nothing to do with locks, after a moment', async () => {
    const name = `fidius_lock_free_${process.pid}`;
    const imported = library(name, ['def endless():', '    while True: pass']);

    const { plugin } = await stopWork([...imported, `def work(): ${name}.endless()`]);

    expect(plugin.stats().outcomes.stopped).toBe(1);
  });

  it('never stops a library that imports locks', async () => {
    const name = `fidius_locking_${process.pid}`;
    const imported = library(name, [
      'import threading',
      'ended = threading.Event()',
      'def long():',
      '    while not ended.is_set(): pass',
      '    return "whole"',
    ]);
    const executor = openExecutor();
    const { plugin, call } = await loadProbe(executor, {
      methods: ['work', 'end'],
      lines: [...imported, `def work(): return ${name}.long()`, `def end(): ${name}.ended.set()`],
    });

    await failureOf(() => call('work', [], { timeoutMs: 100 }));
    await eventually(() => executor.stats().stuckThreads === 1);
    await call('end');

    await eventually(() => plugin.stats().outcomes.stillRunning === 0);
    expect(plugin.stats().outcomes).toMatchObject({ stopped: 0, finishedAnyway: 1 });
  });
});

describe('an import of a library', () => {
  it('is not stopped in code of the package that it calls', async () => {
    const name = `fidius_calling_back_${process.pid}`;
    const imported = library(name, ['import sys', 'sys.fidius_hook()', 'whole = "yes"']);
    const { plugin, call } = await loadProbe(openExecutor(), {
      methods: ['work', 'is_whole(): str'],
      lines: [
        ...imported.slice(0, 2),
        'import time',
        'def hook():',
        '    end = time.monotonic() + 0.5',
        '    while time.monotonic() < end: pass',
        'sys.fidius_hook = hook',
        'def work():',
        ...imported.slice(2).map((line) => `    ${line}`),
        '    while True: pass',
        `def is_whole(): return sys.modules[${JSON.stringify(name)}].whole`,
      ],
    });

    await failureOf(() => call('work', [], { timeoutMs: 100 }));
    await eventually(() => plugin.stats().outcomes.stopped === 1, 'stopped');

    expect(await call('is_whole')).toBe('yes');
  });
});

// The long form is part of `npm run stress`.
describe.concurrent('an innocent plugin', () => {
  it.each([
    ['thread', 200],
    ['sync', 100],
  ])(
    'is never held up by locks of calls that were stopped, with %s',
    async (how, timeouts) => {
      const { stdout } = await outputOf('hammer.ts', { args: [how, 'all', String(timeouts)], timeoutMs: 90_000 });

      expect(JSON.parse(stdout.split('\n').find((line) => line.startsWith('{')) ?? '{}')).toMatchObject({
        unexpected: [],
        outcomes: { finishedAnyway: 0, stillRunning: 0 },
      });
    },
    100_000,
  );
});
