import { describe, expect, it } from 'vitest';
import { executorNames } from '../../../src/index.ts';
import { failureOf } from '../../support/failure.ts';
import { loadProbe, openExecutor } from '../support/executors.ts';
import { rawMethod } from '../support/methods.ts';

describe.each(executorNames)('with the executor %s', (name) => {
  const load = (methods: readonly string[], lines: readonly string[]) =>
    loadProbe(openExecutor(name), { methods, lines, options: name === 'thread' ? { loadTimeoutMs: 20_000 } : {} });

  it.each([
    [
      'answers to every attribute with itself',
      [
        'class Chain:',
        '    def __getattr__(self, name): return self',
        '    def __call__(self): return "chained"',
        'run = Chain()',
      ],
      'chained',
    ],
    [
      'makes a new object for every attribute',
      ['from unittest.mock import MagicMock', 'run = MagicMock(return_value="mocked")'],
      'mocked',
    ],
    [
      'makes a request for every attribute',
      [
        'class Remote:',
        '    def __getattr__(self, name): raise ConnectionError(name)',
        '    def __call__(self): return "remote"',
        'run = Remote()',
      ],
      'remote',
    ],
    [
      'claims to be a coroutine function by attributes',
      [
        'import types',
        'class Claims:',
        '    __code__ = types.SimpleNamespace(co_flags=0x80)',
        '    def __call__(self): return "function"',
        'run = Claims()',
      ],
      'function',
    ],
    [
      'is a partial that refers to itself',
      [
        'import functools',
        'class Loop:',
        '    def __call__(self): return "partial"',
        'loop = Loop()',
        'loop.func = loop',
        'run = functools.partial(loop)',
      ],
      'partial',
    ],
    [
      'is wrapped in hundreds of partials',
      [
        'import functools',
        'run = lambda: "deep"',
        'for _ in range(200):',
        '    run = functools.partial(functools.partial(run).__call__)',
      ],
      'deep',
    ],
  ])('a method that %s is loaded and called', async (_, lines, expected) => {
    const { call, plugin } = await load(['run'], lines);

    expect(plugin.methods).toEqual(['function']);
    expect(await call('run')).toBe(expected);
  });

  it('partials and bound methods of coroutine functions and generators are told apart', async () => {
    const { plugin } = await load(
      ['partial', 'bound', 'generator', 'async_generator', 'function'],
      [
        'import functools',
        'class Things:',
        '    async def later(self): return 1',
        '    def some(self): yield 1',
        '    async def many(self): yield 1',
        'bound = Things().later',
        'partial = functools.partial(functools.partial(bound))',
        'generator = functools.partial(Things().some)',
        'async_generator = Things().many',
        'function = len',
      ],
    );

    expect(plugin.methods).toEqual(['coroutine', 'coroutine', 'generator', 'asyncGenerator', 'function']);
  });

  it('a result whose class answers to every attribute is refused by name', async () => {
    const { call } = await load(
      ['run'],
      [
        'class Meta(type):',
        '    def __getattribute__(cls, name):',
        '        if name.startswith("__") and name not in ("__dataclass_fields__", "__attrs_attrs__", "__qualname__"):',
        '            return super().__getattribute__(name)',
        '        return cls',
        'class Anything(metaclass=Meta):',
        '    def __getattr__(self, name): return self',
        'def run(): return [Anything()]',
      ],
    );

    const error = await failureOf(() => call('run'));

    expect(error.code).toBe('FIDIUS_VALUE_RESULT');
    expect(error.message).toMatch(/Anything has no counterpart in JavaScript$/);
  });

  it('an exception whose class and text raise is described', async () => {
    const { call } = await load(
      ['run'],
      [
        'class Meta(type):',
        '    def __getattribute__(cls, name):',
        '        if name in ("__name__", "__qualname__", "__module__"): raise KeyboardInterrupt(name)',
        '        return super().__getattribute__(name)',
        'class Unnamed(Exception, metaclass=Meta):',
        '    def __str__(self): raise SystemExit(2)',
        'def run(): raise Unnamed',
      ],
    );

    await expect(call('run')).rejects.toMatchObject({
      code: 'Unnamed',
      pythonType: expect.stringMatching(/\.Unnamed$/),
      message: '<unprintable Python exception>',
    });
  });

  it.each([
    ['has no end', '    def __getitem__(self, index): return 0'],
    [
      'is longer than it says',
      '    def __len__(self): return 2\n    def __iter__(self): return iter(int, 1)\n    def __getitem__(self, index): return 0',
    ],
  ])('a raw result that is a sequence and %s is refused', async (_, body) => {
    const { plugin } = await load(['!run'], ['class Endless:', ...body.split('\n'), 'def run(data): return Endless()']);

    const error = await failureOf(() => plugin.call(rawMethod(0), [Uint8Array.of(1)]));

    expect(error).toMatchObject({ code: 'FIDIUS_VALUE_RESULT', message: expect.stringMatching(/must return bytes/) });
  });

  it('a raw result that is a sequence of a known length is taken', async () => {
    const { plugin } = await load(
      ['!run'],
      [
        'class Pair:',
        '    def __len__(self): return 2',
        '    def __getitem__(self, index):',
        '        if index == 2: raise IndexError',
        '        return 7',
        'def run(data): return Pair()',
      ],
    );

    expect(await plugin.call(rawMethod(0), [Uint8Array.of(1)])).toEqual(Uint8Array.of(7, 7));
  });
});
