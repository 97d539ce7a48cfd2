import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { executorNames, type OutputEvent } from '../../src/index.ts';
import { loadProbe, openExecutor } from '../support/executors.ts';
import { argumentsFor, outputOf, runIsolated } from '../support/isolated.ts';

const slowReader = fileURLToPath(new URL('../fixtures/programs/slow_reader.py', import.meta.url));

/** Runs a program with one standard stream of a kind that Node makes non-blocking, mostly. */
async function behind(kind: string, executor: string, action: string, input?: string): Promise<unknown> {
  const command = [process.execPath, ...argumentsFor('standard-streams.ts')];
  const { stdout } = await promisify(execFile)('python3', [slowReader, kind, ...command, executor, action], {
    env: { ...process.env, ...(input === undefined ? {} : { FIDIUS_TEST_INPUT: input }) },
    timeout: 60_000,
  });
  return JSON.parse(stdout);
}

const hasTerminals = spawnSync('python3', ['-c', 'import pty; pty.openpty()']).status === 0;
if (!hasTerminals) console.warn('Streams are not tested with a terminal: this system has no pseudo-terminals');

const possible = <Row extends readonly [string, ...string[]]>(rows: readonly Row[]) =>
  rows.filter(([kind]) => hasTerminals || kind !== 'terminal');

const whole = { size: 2_000_000, lines: 20_000, code: 0 };

describe.each(executorNames)('standard streams with the executor %s', (executor) => {
  it.each(
    possible([
      ['pipe', 'print'],
      ['socket', 'print'],
      ['terminal', 'print'],
      ['file', 'print'],
      ['named', 'print'],
      ['pipe', 'bytes'],
      ['pipe', 'child'],
      ['socket', 'child'],
      ['terminal', 'child'],
      ['file', 'child'],
      ['named', 'child'],
      ['pipe', 'spawned'],
      ['pipe', 'system'],
      ['pipe', 'forked'],
    ]),
  )(
    'carry every byte to a slow reader (%s, %s)',
    async (kind, action) => {
      expect(await behind(kind, executor, action)).toEqual(whole);
    },
    60_000,
  );

  it.runIf(executor === 'process').each(['input', 'lines', 'read'])(
    'have no input for a process (%s)',
    async (action) => {
      const { printed } = (await behind('pipe', executor, action, 'Ada\n')) as { printed: string };

      expect(printed).not.toContain('Ada');
    },
  );

  it.skipIf(executor === 'process').each(
    possible([
      ['pipe', 'input', 'Ada\n', '"Ada"'],
      ['socket', 'input', 'Ada\n', '"Ada"'],
      ['terminal', 'input', 'Ada\n', '"Ada"'],
      ['pipe', 'lines', 'one\ntwo\n', '["one\\n","two\\n"]'],
      ['pipe', 'read', 'four', '"four"'],
    ]),
  )(
    'wait for input (%s, %s)',
    async (kind, action, input, result) => {
      const { printed, code } = (await behind(kind, executor, action, input)) as { printed: string; code: number };

      expect(printed.slice(printed.indexOf('ready'))).toBe(`ready\n${action === 'input' ? 'name? ' : ''}${result}\n`);
      expect(code).toBe(0);
    },
    60_000,
  );
});

const hostile = [
  'sys.stdout.close(); sys.stderr.close(); sys.stdin.close()',
  'sys.stdout.buffer.close()',
  'sys.stdout.buffer.raw.close()',
  'sys.stdout.detach()',
  'sys.stdout.buffer.detach()',
  'with sys.stdout: pass',
  'io.TextIOWrapper(sys.stdout.buffer)',
  'io.TextIOWrapper(sys.stdout.detach(), encoding="utf-8")',
  'open(sys.stdout.fileno(), "w", closefd=False)',
  'codecs.getwriter("utf-8")(sys.stdout.buffer).close()',
  'contextlib.closing(sys.stdout).__exit__()',
  'sys.__stdout__.close()',
  'sys.stdout = io.TextIOWrapper(sys.stdout.buffer, "utf-8"); sys.stdout = sys.__stdout__',
  'sys.stdout = io.StringIO(); sys.stdout = sys.__stdout__',
];

const lines = [
  'import codecs, contextlib, gc, io, sys, threading, time',
  'def run(source):',
  '    exec(source, {**globals()})',
  '    gc.collect()',
  'def say(text): print(text)',
  'def say_to_stderr(text): print(text, file=sys.stderr)',
  'started, go_on = threading.Event(), threading.Event()',
  'def capture(text, wait):',
  '    with contextlib.redirect_stdout(io.StringIO()) as captured:',
  '        print("first", text)',
  '        (go_on.wait if wait else go_on.set)()',
  '        print("second", text)',
  '    return captured.getvalue()',
  'def tee():',
  '    class Tee:',
  '        def write(self, text): kept.append(text); return before.write(text)',
  '        def flush(self): before.flush()',
  '    kept, before = [], sys.stdout',
  '    sys.stdout = Tee()',
  '    try: print("to both")',
  '    finally: sys.stdout = before',
  '    return "".join(kept)',
  'def nowhere():',
  '    with contextlib.redirect_stdout(None): print("nowhere")',
  '    return sys.stdout is sys.__stdout__',
  'def mocked():',
  '    from unittest import mock',
  '    with mock.patch("sys.stdout", new_callable=io.StringIO) as captured: print("mocked")',
  '    return [captured.getvalue(), repr(sys.stdout is sys.__stdout__)]',
  'def pickled():',
  '    import pickle',
  '    return pickle.loads(pickle.dumps(sys)) is sys',
];
const methods = [
  'run(str)',
  'say(str)',
  'say_to_stderr(str)',
  'capture(str, bool): str',
  'tee(): str',
  'nowhere(): bool',
  'mocked(): [str]',
  'pickled(): bool',
];

describe.each(executorNames)('the streams of Python with the executor %s', (executor) => {
  it.each(hostile)('stay open for other plugins after %s', async (source) => {
    const events: OutputEvent[] = [];
    const opened = openExecutor(executor, { onOutput: (event) => void events.push(event) });
    const { call } = await loadProbe(opened, { methods, lines, name: 'hostile' });
    const other = await loadProbe(opened, { methods, lines, name: 'other' });

    await call('run', [source]);
    await other.call('say', ['still here']);
    await other.call('say_to_stderr', ['here, too']);

    expect(events).toEqual([
      { plugin: 'other', stream: 'stdout', text: 'still here' },
      { plugin: 'other', stream: 'stderr', text: 'here, too' },
    ]);
  });

  it('stay open where the host does not listen', async () => {
    const { stdout } = await outputOf('hostile-streams.ts', { args: [executor, JSON.stringify(hostile)] });

    expect(stdout.trimEnd().split('\n')).toEqual(hostile.map((_, index) => `after ${index}`));
  }, 60_000);

  it('can be redirected, and come back', async () => {
    const events: OutputEvent[] = [];
    const opened = openExecutor(executor, { onOutput: (event) => void events.push(event) });
    const { call } = await loadProbe(opened, { methods, lines });

    expect(await call('capture', ['x', false])).toBe('first x\nsecond x\n');
    expect(await call('tee')).toBe('to both\n');
    expect(await call('nowhere')).toBe(true);
    expect(await call('mocked')).toEqual(['mocked\n', 'True']);
    expect(events.map(({ text }) => text)).toEqual(['to both']);
  });

  it('come back for the next call when a call leaves its own behind', async () => {
    const events: OutputEvent[] = [];
    const opened = openExecutor(executor, { onOutput: (event) => void events.push(event) });
    const { call } = await loadProbe(opened, { methods, lines, name: 'leaves' });
    const other = await loadProbe(opened, { methods, lines, name: 'other' });

    await call('run', ['sys.stdout = io.StringIO(); print("lost")']);
    await call('say', ['next call']);
    await other.call('say', ['other plugin']);

    expect(events.map(({ text }) => text)).toEqual(['next call', 'other plugin']);
  });

  it('stay those that a module put in place at import, for its plugin alone', async () => {
    const events: OutputEvent[] = [];
    const opened = openExecutor(executor, { onOutput: (event) => void events.push(event) });
    const kept = ['kept = sys.stdout = io.StringIO()', 'def value(): return kept.getvalue()'];
    const { call } = await loadProbe(opened, {
      methods: ['say(str)', 'value(): str'],
      lines: [...lines, ...kept],
      name: 'keeps',
    });
    const other = await loadProbe(opened, { methods, lines, name: 'other' });

    await call('say', ['kept']);
    await other.call('say', ['told']);

    expect(await call('value')).toBe('kept\n');
    expect(events.map(({ plugin, text }) => [plugin, text])).toEqual([['other', 'told']]);
  });

  it('leave `sys` to be pickled by reference', async () => {
    const { call } = await loadProbe(openExecutor(executor), { methods, lines });

    expect(await call('pickled')).toBe(true);
  });

  it('leave `type(sys)` the type of modules, by which the import system makes them', async () => {
    const { call } = await loadProbe(openExecutor(executor), {
      methods: ['kinds(): [i32]'],
      lines: [
        'import sys, types, textwrap',
        'class Lazy(type(sys)):',
        '  stdout = 1',
        'def kinds():',
        '  made, lazy = type(sys)("made"), Lazy("lazy")',
        '  made.stdout = 2',
        '  own = sys.modules[__name__]',
        '  found = [type(made) is types.ModuleType, type(own) is types.ModuleType, isinstance(textwrap, type(sys)),',
        '    isinstance(1, type(sys)), type(lazy) is Lazy, lazy.stdout, made.stdout, hasattr(sys.stdout, "write")]',
        '  return [int(each) for each in found]',
      ],
    });

    expect(await call('kinds')).toEqual([1, 1, 1, 0, 1, 1, 2, 1]);
  });
});

describe('redirections of calls that overlap', () => {
  it('each take what their own call prints, and end with it', async () => {
    const events: OutputEvent[] = [];
    const executor = openExecutor('thread', { onOutput: (event) => void events.push(event) });
    const { call } = await loadProbe(executor, { methods, lines, name: 'capture' });
    const other = await loadProbe(executor, { methods, lines, name: 'printer' });

    // The first one begins first and ends first: the second one found its stream in place of that of the process.
    const first = call('capture', ['a', true]);
    await other.call('say', ['meanwhile']);
    const second = call('capture', ['b', false]);

    expect(await Promise.all([first, second])).toEqual(['first a\nsecond a\n', 'first b\nsecond b\n']);
    await other.call('say', ['afterwards']);
    expect(events.map(({ text }) => text)).toEqual(['meanwhile', 'afterwards']);
  });
});

describe('a plugin that turns on faulthandler', () => {
  it.each(['enable', 'disable', 'again'])(
    'leaves WebAssembly its traps, and ends a crash as a crash (%s)',
    async (how) => {
      const outcome = await runIsolated('trap-and-crash.ts', { args: [how] });

      expect(outcome.stdout).toBe('RuntimeError: memory access out of bounds\n'.repeat(3));
      expect(outcome.signal).toBe('SIGSEGV');
      expect(outcome.stderr.includes('Fatal Python error: Segmentation fault')).toBe(how !== 'disable');
    },
    60_000,
  );
});
