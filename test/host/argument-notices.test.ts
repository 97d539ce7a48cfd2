import { describe, expect, it, vi } from 'vitest';
import {
  defineInterface,
  type ExecutorName,
  executorNames,
  type HostNotice,
  method,
  PluginHost,
  t,
} from '../../src/index.ts';
import { loadPlugin } from '../../src/testing.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Sums = defineInterface('Sums', {
  version: 1,
  methods: { sum: method([{ first: t.i32 }, { second: t.i32 }], t.i32) },
});

let modules = 0;

/** The notices of a load of a module whose method is made by these lines. */
async function noticesOf(lines: readonly string[], executor: ExecutorName = 'thread') {
  const searchPath = tempFolder();
  const name = `sums_${(modules += 1)}`;
  writePlugin(searchPath, name, Sums, ...lines);
  const notices: HostNotice[] = [];
  await using host = await PluginHost.open({
    searchPaths: [searchPath],
    executor,
    onNotice: (notice) => void notices.push(notice),
  });
  await host.load(name, Sums);
  return notices.filter(({ kind }) => kind === 'arguments').map(({ message }) => message.replaceAll(name, 'sums'));
}

describe('a function that does not accept the arguments of its method', () => {
  it.each<[string, string, string]>([
    ['too few parameters', 'def sum(first): return 1', '(first)'],
    ['none', 'def sum(): return 1', '()'],
    ['too many', 'def sum(first, second, third): return 1', '(first, second, third)'],
    ['too many, and others', 'def sum(a, b, c, *rest): return 1', '(a, b, c, *rest)'],
    ['too few, also with a default', 'def sum(first=0): return 1', '(first=…)'],
    ['too many in an `async def`', 'async def sum(a, b, c): return 1', '(a, b, c)'],
  ])('is reported: %s', async (_what, line, names) => {
    expect(await noticesOf([line])).toEqual([
      `sum() of sums has the parameters ${names}; the host passes (first, second), so each call will raise TypeError`,
    ]);
  });

  it('is reported when a parameter can only be passed by name', async () => {
    expect(await noticesOf(['def sum(first, second, *, third, fourth=4): return 1'])).toEqual([
      'sum() of sums has the parameters (first, second), and requires the keyword arguments third; the host passes (first, second), so each call will raise TypeError',
    ]);
  });

  it.each(executorNames)('is reported with the executor %s, also of a bound method', async (executor) => {
    const lines = ['class Sums:', '    def sum(self, first): return 1', 'sum = Sums().sum'];

    expect(await noticesOf(lines, executor)).toEqual([expect.stringContaining('has the parameters (first); ')]);
  });

  it('becomes a warning of the process when loadPlugin() loads it', async () => {
    const searchPath = tempFolder();
    const folder = writePlugin(searchPath, 'sums_tested', Sums, 'def sum(first): return 1');
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    try {
      await using tested = await loadPlugin(folder, Sums);

      expect(tested.plugin.info.name).toBe('sums_tested');
      expect(warn.mock.calls).toEqual([
        [
          expect.stringContaining('sum() of sums_tested has the parameters (first)'),
          {
            type: 'FidiusWarning',
            detail: 'hint: Define it as `def sum(first, second)`, as `fidius stub` prints it.',
          },
        ],
      ]);
    } finally {
      warn.mockRestore();
    }
  });
});

it.each<[string, readonly string[]]>([
  ['the declared arguments', ['def sum(a, b): return a + b']],
  ['a default for one more', ['def sum(a, b, c=1): return a + b']],
  ['any number', ['def sum(*numbers): return 1']],
  ['only names with defaults besides', ['def sum(a, b, *, c=1, **rest): return a']],
  [
    'what a decorator passes on',
    [
      'import functools',
      'def add(function):',
      '    @functools.wraps(function)',
      '    def wrapper(*args): return function(*args, 1)',
      '    return wrapper',
      '@add',
      'def sum(a, b, c): return a',
    ],
  ],
  ['what is written in C', ['import math', 'sum = math.fsum']],
  ['a partial', ['import functools', 'sum = functools.partial(lambda a, b, c: a, 1)']],
  ['an object', ['class Sum:', '    def __call__(self, one): return 1', 'sum = Sum()']],
  ['a class method', ['class Sum:', '    @classmethod', '    def sum(cls, a, b): return 1', 'sum = Sum.sum']],
  ['a bound method with any number', ['class Sum:', '    def sum(*args): return 1', 'sum = Sum().sum']],
])('reports nothing about a function that accepts %s', async (_what, lines) => {
  expect(await noticesOf(lines)).toEqual([]);
});
