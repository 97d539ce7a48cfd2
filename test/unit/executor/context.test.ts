import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Executor, executorNames } from '../../../src/executor/executor.ts';
import { descriptorOf } from '../../support/descriptors.ts';
import { failureOf } from '../../support/failure.ts';
import { loadProbe, openExecutor } from '../support/executors.ts';
import { rawMethod, untypedMethod } from '../support/methods.ts';

const precise = {
  methods: ['seventh', 'round_to', 'set_precision', 'flags'],
  lines: [
    'import decimal',
    'import time',
    'decimal.getcontext().prec = 40',
    'def seventh(seconds):',
    '    time.sleep(seconds)',
    '    return str(decimal.Decimal(1) / 7)',
    'def round_to(digits):',
    '    with decimal.localcontext() as context:',
    '        context.prec = digits',
    '        return str(decimal.Decimal(1) / 7)',
    'def set_precision(digits):',
    '    decimal.getcontext().prec = digits',
    '    return str(decimal.Decimal(1) / 7)',
    'def flags(): return [str(decimal.Decimal(1) / 7), decimal.getcontext().prec]',
  ],
} as const;

const session = {
  methods: ['who', 'login', 'fails', 'nested', 'add', 'later', 'login_later', 'hidden', 'show', '!raw'],
  lines: [
    'import asyncio',
    'import contextvars',
    'import dataclasses',
    'user = contextvars.ContextVar("user")',
    'user.set("nobody")',
    'def who(): return user.get()',
    'def login(name):',
    '    user.set(name)',
    '    return user.get()',
    'def fails(name):',
    '    user.set(name)',
    '    raise ValueError(user.get())',
    'def nested(name): return contextvars.copy_context().run(login, name)',
    'def add(a, b): return a + b',
    'async def later():',
    '    await asyncio.sleep(0)',
    '    return user.get()',
    'async def login_later(name):',
    '    user.set(name)',
    '    await asyncio.sleep(0)',
    '    return [user.get(), await asyncio.create_task(later())]',
    'def hidden(name):',
    '    user.set(name)',
    '    return later()',
    '@dataclasses.dataclass',
    'class Shown:',
    '    name: str',
    '    def __getattribute__(self, name): return user.get() if name == "name" else super().__getattribute__(name)',
    'def show(name):',
    '    user.set(name)',
    '    return Shown("")',
    'def raw(data):',
    '    before = user.get()',
    '    user.set(data.decode())',
    '    return before.encode()',
  ],
} as const;

describe.each(executorNames)('with the executor %s', (name) => {
  const open = (): Executor => openExecutor(name);

  describe('what a module sets while it is imported', () => {
    it('holds in each of its calls, on whatever thread', async () => {
      const { call } = await loadProbe(open(), precise);

      const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => call('seventh', [index % 3 && 0.02])));

      expect(new Set(answers)).toEqual(new Set(['0.1428571428571428571428571428571428571429']));
    });

    it('holds in calls of a second load of the package', async () => {
      const executor = open();
      const { plugin } = await loadProbe(executor, session);
      const descriptor = descriptorOf('who');
      const [folder, entryModule] = [dirname(plugin.file), basename(plugin.file, '.py')];

      const second = await executor.load({ plugin: 'second', folder, entryModule, descriptor });

      expect(await second.call(untypedMethod(0), [])).toBe('nobody');
    });
  });

  describe('what a call sets', () => {
    it('ends with the call', async () => {
      const { call } = await loadProbe(open(), session);

      expect(await call('login', ['alice'])).toBe('alice');
      expect(await call('who')).toBe('nobody');
      expect(await call('nested', ['bob'])).toBe('bob');
      expect(await call('who')).toBe('nobody');
    });

    it('ends with the call also when it raises', async () => {
      const { call } = await loadProbe(open(), session);

      await expect(call('fails', ['alice'])).rejects.toMatchObject({ code: 'ValueError', message: 'alice' });

      expect(await call('who')).toBe('nobody');
    });

    it('ends with the call also when arguments or result need the codec', async () => {
      const { call } = await loadProbe(open(), session);

      expect(await call('login', [['alice']])).toEqual(['alice']);
      expect(await call('who')).toBe('nobody');
    });

    it('ends with the call of a raw method', async () => {
      const { plugin } = await loadProbe(open(), session);
      const raw = session.methods.indexOf('!raw');

      for (const user of ['alice', 'bob']) {
        expect(String(Buffer.from((await plugin.call(rawMethod(raw), [Buffer.from(user)])) as Uint8Array))).toBe(
          'nobody',
        );
      }
    });

    it('holds while its result is encoded', async () => {
      const { call } = await loadProbe(open(), session);

      expect(await call('show', ['alice'])).toEqual({ name: 'alice' });
    });

    it('changes no settings of decimal that the module has made', async () => {
      const { call } = await loadProbe(open(), precise);

      expect(await call('set_precision', [3])).toBe('0.143');
      expect(await call('round_to', [5])).toBe('0.14286');
      expect(await call('flags')).toEqual(['0.1428571428571428571428571428571428571429', 40]);
    });

    it('does not reach another plugin', async () => {
      const executor = open();
      const rounder = await loadProbe(executor, {
        methods: ['round'],
        lines: [
          'import decimal',
          'def round():',
          '    decimal.getcontext().prec = 4',
          '    return str(decimal.Decimal("1.23456") + 0)',
        ],
      });
      const ledger = await loadProbe(executor, {
        methods: ['total'],
        lines: ['import decimal', 'def total(items): return str(sum(decimal.Decimal(item) for item in items))'],
      });
      const total = () => ledger.call('total', [['1000000.01', '2000000.02']]);

      expect(await total()).toBe('3000000.03');
      expect(await rounder.call('round')).toBe('1.235');
      expect(await total()).toBe('3000000.03');
    });
  });

  describe.skipIf(name === 'process')('sync calls', () => {
    it('have the context of the import, and none of other calls', async () => {
      const { plugin } = await loadProbe(open(), session);
      const handle = plugin.sync();
      const call = (method: (typeof session.methods)[number], ...args: unknown[]) =>
        handle?.callSync(untypedMethod(session.methods.indexOf(method)), args);

      expect(call('who')).toBe('nobody');
      expect(call('login', 'alice')).toBe('alice');
      expect(call('who')).toBe('nobody');
      expect(() => call('fails', 'bob')).toThrow('bob');
      expect(call('who')).toBe('nobody');
      expect(call('add', 1, 2)).toBe(3);
      expect(call('show', 'carol')).toEqual({ name: 'carol' });
      expect(call('who')).toBe('nobody');
    });

    it('change no settings of decimal that the module has made', async () => {
      const { plugin } = await loadProbe(open(), precise);
      const handle = plugin.sync();

      expect(handle?.callSync(untypedMethod(precise.methods.indexOf('set_precision')), [3])).toBe('0.143');
      expect(handle?.callSync(untypedMethod(precise.methods.indexOf('seventh')), [0])).toMatch(/^0\.(142857){6}1429$/);
    });

    it('of several plugins in turn have each their own', async () => {
      const executor = open();
      const plugins = await Promise.all(['a', 'b', 'c'].map((user) => loadProbe(executor, ownUser(user))));
      const handles = plugins.map(({ plugin }) => plugin.sync());

      const seen = Array.from({ length: 9 }, (_, index) => handles[index % 3]?.callSync(untypedMethod(0), []));
      await plugins[1]?.plugin.close();
      const rest = [handles[0], handles[2], handles[0]].map((handle) => handle?.callSync(untypedMethod(0), []));

      expect(seen).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']);
      expect(rest).toEqual(['a', 'c', 'a']);
    });

    it('see nothing that a destructor has set between two calls', async () => {
      const executor = open();
      const { plugin } = await loadProbe(executor, {
        methods: ['who'],
        lines: [
          'import contextvars, sys',
          'user = contextvars.ContextVar("user", default="nobody")',
          'class Late:',
          '    def __del__(self): user.set("late")',
          'sys.fidius_late = Late',
          'def who(): return user.get()',
        ],
      });
      const holder = await loadProbe(executor, { methods: [], lines: ['import sys', 'late = sys.fidius_late()'] });
      const handle = plugin.sync();
      expect(handle?.callSync(untypedMethod(0), [])).toBe('nobody');

      await holder.plugin.close();

      expect(handle?.callSync(untypedMethod(0), [])).toBe('nobody');
    });

    it('let go of what they set when they end', async () => {
      const { plugin } = await loadProbe(open(), {
        methods: ['hold', 'alive'],
        lines: [
          'import contextvars, weakref',
          'class Session: pass',
          'session = contextvars.ContextVar("session")',
          'living = weakref.WeakSet()',
          'def hold():',
          '    session.set(Session())',
          '    living.add(session.get())',
          'def alive(): return len(living)',
        ],
      });
      const handle = plugin.sync();

      handle?.callSync(untypedMethod(0), []);

      expect(handle?.callSync(untypedMethod(1), [])).toBe(0);
    });
  });
});

function ownUser(user: string) {
  return {
    methods: ['who'],
    lines: [
      'import contextvars',
      'user = contextvars.ContextVar("user")',
      `user.set("${user}")`,
      'def who(): return user.get()',
    ],
  };
}

describe('with the executor thread', () => {
  it('coroutines have the context of the import, and what they set ends with them', async () => {
    const { call } = await loadProbe(openExecutor(), session);

    expect(await call('login_later', ['alice'])).toEqual(['alice', 'alice']);
    expect(await call('later')).toBe('nobody');
    const overlapping = await Promise.all([call('login_later', ['bob']), call('later'), call('who')]);
    expect(overlapping).toEqual([['bob', 'bob'], 'nobody', 'nobody']);
  });

  it('a coroutine that a function returns goes on in the context of that function', async () => {
    const { call } = await loadProbe(openExecutor(), session);

    expect(await call('hidden', ['alice'])).toBe('alice');
    expect(await call('later')).toBe('nobody');
    expect(await call('hidden', ['bob'])).toBe('bob');
  });

  it('calls with ownThread have the context of the import', async () => {
    const { call } = await loadProbe(openExecutor(), { ...session, options: { ownThread: true } });

    expect(await call('login', ['alice'])).toBe('alice');
    expect(await call('who')).toBe('nobody');
    expect(await call('login_later', ['bob'])).toEqual(['bob', 'bob']);
    expect(await call('later')).toBe('nobody');
  });

  it('a call that was stopped leaves nothing to the next one', async () => {
    const { call } = await loadProbe(openExecutor('thread', { threads: 1 }), {
      methods: ['spin', 'who'],
      lines: [
        'import contextvars',
        'user = contextvars.ContextVar("user", default="nobody")',
        'def spin():',
        '    user.set("spinner")',
        '    for _ in iter(int, 1): pass',
        'def who(): return user.get()',
      ],
    });

    expect((await failureOf(() => call('spin', [], { timeoutMs: 50 }))).code).toBe('FIDIUS_CALL_TIMEOUT');

    expect(await call('who')).toBe('nobody');
  });
});
