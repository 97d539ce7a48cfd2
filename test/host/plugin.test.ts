import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineInterface, executorNames, isPluginError, method, type Plugin, PluginHost, t } from '../../src/index.ts';
import { inProcessExecutors } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Point = t.struct('Point', { x: t.f64, y: t.f64, label: t.option(t.string) });
const Shape = t.enum('Shape', { Dot: t.unit, Circle: t.f64, Line: t.tuple(Point, Point), Box: { corner: Point } });

const Later = defineInterface('Later', {
  version: 1,
  methods: {
    plain: method({ value: t.i32 }, t.i32),
    later: method({ value: t.i32 }, t.i32),
    hidden: method({ value: t.i32 }, t.i32),
    raw: method.raw(),
  },
});

const Drawing = defineInterface('Drawing', {
  version: 1,
  methods: {
    centre: method({ points: t.list(Point) }, t.option(Point)),
    same: method({ shape: Shape }, Shape),
    total: method({ values: t.list(t.i64) }, t.i64),
    pair: method([{ first: t.u8 }, { second: t.string }], t.tuple(t.string, t.u8)),
    kind: method({ value: t.f64 }, t.string),
    reverse: method.raw(),
    check: method({ text: t.string }, t.result(t.string)),
    clear: method({}, t.unit),
    points: method({ source: t.string }, t.list(Point)),
    small: method({ source: t.string }, t.u8),
    leave: method({ status: t.named('Value') }, t.unit),
    extra: method({ text: t.string }, t.string, { optional: true }),
    missing: method({ text: t.string }, t.string, { optional: true }),
    missingRaw: method.raw(t.bytes, { optional: true }),
  },
});

const lines = `
import sys
from dataclasses import dataclass
from typing import Optional
from fidius import PluginError

@dataclass
class Point:
    x: float
    y: float
    label: Optional[str] = None

def centre(points):
    if points:
        return Point(*(sum(point[axis] for point in points) / len(points) for axis in "xy"), points[0]["label"])

def same(shape): return shape
def total(values): return sum(values)
def pair(first, second): return second, first
def kind(value): return type(value).__name__
def reverse(data): return data[::-1]
def check(text):
    if text: return text.upper()
    raise PluginError("EMPTY", "there is no text", {"least": 1})
def clear(): pass
def points(source): return eval(source)
small = points
def leave(status): sys.exit(status)
def extra(text): return text * 2
`.split('\n');

describe.each(executorNames)('a plugin on the executor %s', (executor) => {
  let host: PluginHost;
  let plugin: Plugin<typeof Drawing>;

  beforeAll(async () => {
    const folder = tempFolder();
    writePlugin(folder, 'drawing', Drawing, ...lines);
    host = await PluginHost.open({ searchPaths: [folder], executor });
    plugin = await host.load('drawing', Drawing);
  });
  afterAll(() => host.close());

  describe.each(executor === 'process' ? (['client'] as const) : (['client', 'sync'] as const))(
    'called through its %s',
    (side) => {
      /** The same functions, whether they answer with a promise or at once. */
      const calls = () => plugin[side] as Plugin<typeof Drawing>['client'];

      it('takes structs and gives structs, with every field', async () => {
        const centre = await calls().centre([
          { x: 0, y: 0, label: 'first' },
          { x: 3, y: -1 },
        ]);

        expect(centre).toEqual({ x: 1.5, y: -0.5, label: 'first' });
        expect(await calls().centre([{ x: 1, y: 1 }])).toEqual({ x: 1, y: 1, label: null });
      });

      it('gives null for None', async () => {
        expect(await calls().centre([])).toBeNull();
      });

      it.each([
        ['Dot'],
        [{ Circle: Number.POSITIVE_INFINITY }],
        [
          {
            Line: [
              { x: 0, y: 0, label: null },
              { x: 1, y: 1, label: 'end' },
            ],
          },
        ],
        [{ Box: { corner: { x: -0, y: 5, label: '' } } }],
      ] as const)('brings the enum %j there and back', async (shape) => {
        expect(await calls().same(shape as Parameters<Plugin<typeof Drawing>['client']['same']>[0])).toEqual(shape);
      });

      it('keeps 64 bits', async () => {
        expect(await calls().total([1n, 2, 2n ** 62n, -(2n ** 62n)])).toBe(3n);
        expect(await calls().total([2n ** 63n - 2n, 1])).toBe(2n ** 63n - 1n);
      });

      it('passes several arguments in their order', async () => {
        expect(await calls().pair(255, 'two')).toEqual(['two', 255]);
      });

      it('has declared floats be floats in Python, however whole', async () => {
        expect(await calls().kind(3)).toBe('float');
      });

      it('passes bytes through raw methods, in separate memory', async () => {
        const bytes = Uint8Array.of(1, 2, 3, 4);

        const result = await calls().reverse(bytes.subarray(1));

        expect(result).toEqual(Uint8Array.of(4, 3, 2));
        expect(result.buffer.byteLength).toBe(3);
      });

      it('gives undefined for a method that returns nothing', async () => {
        expect(await calls().clear()).toBeUndefined();
      });

      it('fails with what the plugin raised', async () => {
        expect(await calls().check('text')).toBe('TEXT');

        const error = await errorOf(() => calls().check(''));

        expect(isPluginError(error)).toBe(true);
        expect(error).toMatchObject({
          code: 'EMPTY',
          message: 'there is no text',
          details: { least: 1 },
          pythonType: 'fidius.PluginError',
          plugin: 'drawing',
          method: 'check',
        });
      });

      it.each([[0], [1], ['text'], [null]])(
        'goes on after sys.exit(%j), which is an error of that call',
        async (status) => {
          const error = await errorOf(() => calls().leave(status));

          expect(isPluginError(error)).toBe(true);
          expect(error).toMatchObject({ code: 'SystemExit', message: `${status ?? ''}` });
          expect(await calls().kind(1)).toBe('float');
        },
      );

      it('has an optional method if the plugin has it', async () => {
        expect(await calls().extra?.('ab')).toBe('abab');
        expect(calls().missing).toBeUndefined();
        expect(calls().missingRaw).toBeUndefined();
      });

      it('has functions that need no object to be called on', async () => {
        const { kind } = calls();

        expect(await kind(1)).toBe('float');
      });

      it.each<[string, (drawing: Loose) => unknown, string]>([
        ['no argument', ({ total }) => total?.(), 'total() of drawing takes 1 argument (values), got 0'],
        ['one too few', ({ pair }) => pair?.(1), 'pair() of drawing takes 2 arguments (first, second), got 1'],
        ['one too many', ({ total }) => total?.([], 1), 'total() of drawing takes 1 argument (values), got 2'],
        ['some where none is taken', ({ clear }) => clear?.(1, 2), 'clear() of drawing takes no arguments, got 2'],
        [
          'one of another type',
          ({ pair }) => pair?.('1', 'x'),
          'pair() of drawing: argument "first" must be an integer from 0 to 255 (u8), got "1"',
        ],
        [
          'a fraction',
          ({ pair }) => pair?.(1.5, 'x'),
          'pair() of drawing: argument "first" must be an integer from 0 to 255 (u8), got 1.5',
        ],
        [
          'one out of range',
          ({ pair }) => pair?.(256, 'x'),
          'pair() of drawing: argument "first" must be an integer from 0 to 255 (u8), got 256',
        ],
        [
          'null for text',
          ({ pair }) => pair?.(1, null),
          'pair() of drawing: argument "second" must be a string, got null',
        ],
        ['half a character', ({ kind, check }) => kind && check?.('\ud800'), 'check() of drawing: argument "text"'],
        ['2^63 for an i64', ({ total }) => total?.([0, 2n ** 63n]), 'total() of drawing: argument "values[1]" must be'],
        [
          'a struct without a field',
          ({ centre }) => centre?.([{ x: 1, y: 1 }, { x: 1 }]),
          'centre() of drawing: argument "points[1].y" must be',
        ],
        [
          'a struct with a field too many',
          ({ centre }) => centre?.([{ x: 1, y: 1, lable: 'x' }]),
          'centre() of drawing: argument "points[0]',
        ],
        [
          'an unknown variant',
          ({ same }) => same?.('Dott'),
          'same() of drawing: argument "shape" must be one of "Dot", { Circle: … }',
        ],
        [
          'a variant with the wrong data',
          ({ same }) => same?.({ Box: { corner: 1 } }),
          'same() of drawing: argument "shape.Box.corner" must be',
        ],
        ['text for bytes', ({ reverse }) => reverse?.('text'), 'reverse() of drawing: argument "data" must be'],
      ])('names method and argument when it gets %s', async (_what, call, message) => {
        const error = await failureOf(() => call(calls() as unknown as Loose));

        expect(error.code).toBe('FIDIUS_VALUE_ARGUMENT');
        expect(error.message).toContain(message);
      });

      it.each<[string, (drawing: Loose) => unknown, string]>([
        [
          '256',
          ({ small }) => small?.('256'),
          'small() of drawing: result must be an integer from 0 to 255 (u8), got 256',
        ],
        [
          '1.0 for an integer',
          ({ small }) => small?.('1.0'),
          'small() of drawing: result must be an integer from 0 to 255 (u8), got the float 1.0',
        ],
        [
          'True for an integer',
          ({ small }) => small?.('True'),
          'small() of drawing: result must be an integer from 0 to 255 (u8), got True',
        ],
        [
          'None',
          ({ small }) => small?.('None'),
          'small() of drawing: result must be an integer from 0 to 255 (u8), got None',
        ],
        ['a dict for a list', ({ points }) => points?.('{1: 2}'), 'points() of drawing: result must be a'],
        [
          'a struct without a field',
          ({ points }) => points?.('[Point(1, 2), {"x": 1.0}]'),
          'points() of drawing: result[1].y must be',
        ],
        [
          'text for a number',
          ({ points }) => points?.('[Point("1", 2.0)]'),
          'points() of drawing: result[0].x must be',
        ],
        ['an object', ({ points }) => points?.('[object()]'), 'result[0]'],
        ['a generator', ({ points }) => points?.('(n for n in [])'), 'generator'],
      ])('names the place of a result that does not fit: %s', async (_what, call, message) => {
        const error = await failureOf(() => call(calls() as unknown as Loose));

        expect(error.code).toBe('FIDIUS_VALUE_RESULT');
        expect(error.message).toContain(message);
      });

      it('refuses call options that it does not know', async () => {
        const { kind } = calls() as unknown as Loose;

        const error = await failureOf(() => kind?.(1, { timeout: 5 }));

        expect(error).toMatchObject({
          code: 'FIDIUS_OPTION_UNKNOWN',
          message: 'Unknown option "timeout" in kind() of drawing',
          hint: 'Write "timeoutMs".',
        });
      });
    },
  );

  it('says which optional methods it supports', () => {
    expect(['centre', 'extra', 'missing', 'missingRaw'].map((name) => plugin.supports(name as 'extra'))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('gives each of many calls its own answer', async () => {
    const numbers = Array.from({ length: 200 }, (_, index) => index);

    const totals = await Promise.all(numbers.map((number) => plugin.client.total([number, 1000])));

    expect(totals).toEqual(numbers.map((number) => BigInt(number + 1000)));
  });

  it('reads the arguments of a call before the caller can change them', async () => {
    const points = [{ x: 1, y: 1 }];
    const bytes = Uint8Array.of(1, 2);

    const [centre, reversed] = [plugin.client.centre(points), plugin.client.reverse(bytes)];
    points.length = 0;
    bytes.fill(0);

    expect(await centre).toEqual({ x: 1, y: 1, label: null });
    expect(await reversed).toEqual(Uint8Array.of(2, 1));
  });

  it('makes no call whose signal is aborted already', async () => {
    const reason = new Error('no longer needed');

    const error = await failureOf(() => plugin.client.kind(1, { signal: AbortSignal.abort(reason) }));

    expect(error).toMatchObject({ code: 'FIDIUS_CALL_ABORTED', cause: reason });
  });
});

/** The functions of a client as JavaScript sees them: nothing keeps a caller from passing what is wrong. */
type Loose = Readonly<Record<string, ((...args: unknown[]) => unknown) | undefined>>;

async function errorOf(attempt: () => unknown): Promise<unknown> {
  try {
    await attempt();
  } catch (error) {
    return error;
  }
  throw new Error('The attempt did not fail');
}

describe.each(inProcessExecutors)('an `async def` method, with the executor %s', (executor) => {
  const load = async () => {
    const searchPath = tempFolder();
    writePlugin(
      searchPath,
      'later',
      Later,
      'import functools',
      'started = 0',
      'def plain(value): return started',
      'async def later(value):',
      '    global started',
      '    started += 1',
      '    return value',
      'async def raw(data): return data',
      '@functools.lru_cache(None)',
      'def hidden(value): return later(value)',
    );
    return PluginHost.open({ searchPaths: [searchPath], executor });
  };

  it('is refused on this thread before anything of it runs, with the way to call it', async () => {
    await using host = await load();
    const { client, sync } = await host.load('later', Later);
    const calls = [() => sync.later(1), () => sync.raw(new Uint8Array())];
    const inline = executor === 'inline' ? [() => client.later(1), () => client.raw(new Uint8Array())] : [];

    for (const call of [...calls, ...inline]) {
      expect(await failureOf(call)).toMatchObject({
        code: 'FIDIUS_CALL_SYNC',
        message: expect.stringMatching(
          /^(later|raw)\(\) of plugin later is an `async def`, and a call on this thread cannot await it$/,
        ),
        hint: 'Use `client`: its functions wait for coroutines.',
      });
    }
    expect(sync.plain(0)).toBe(0);
  });

  it('is refused with the same advice when a decorator hides it', async () => {
    await using host = await load();
    const { sync } = await host.load('later', Later);

    const error = await failureOf(() => sync.hidden(1));

    expect(error).toMatchObject({
      code: 'FIDIUS_VALUE_RESULT',
      message: 'Cannot return the result of hidden() of later: coroutine has no counterpart in JavaScript',
      hint: 'Await it before returning; call an `async def` through `client`, with the executor "thread".',
    });
  });
});

describe.each(executorNames)('details of a PluginError, with the executor %s', (executor) => {
  it('are left out where JavaScript cannot hold them, and never hide the error', async () => {
    const searchPath = tempFolder();
    const Failing = defineInterface('Failing', { version: 1, methods: { fail: method({ kind: t.string }, t.unit) } });
    writePlugin(
      searchPath,
      'failing',
      Failing,
      'import enum',
      'from fidius import PluginError',
      'class Color(enum.Enum):',
      '    RED = "red"',
      'kinds = {',
      '    "equal keys": {Color.RED: 1, "red": 2},',
      '    "half a pair": ["\\ud800"],',
      '    "good": {"left": 0},',
      '}',
      'def fail(kind): raise PluginError("QUOTA", "used up", kinds[kind])',
    );
    await using host = await PluginHost.open({ searchPaths: [searchPath], executor });
    const plugin = await host.load('failing', Failing);
    const { client } = plugin;
    const fails = executor === 'process' ? [client.fail] : [client.fail, plugin.sync.fail];

    for (const kind of ['equal keys', 'half a pair']) {
      for (const call of fails) {
        const error: unknown = await thrownBy(() => call(kind));
        expect(error).toMatchObject({ code: 'QUOTA', message: 'used up', details: undefined });
      }
    }
    const error: unknown = await thrownBy(() => client.fail('good'));
    expect(error).toMatchObject({ code: 'QUOTA', details: { left: 0 } });
  });
});

async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('The call did not fail');
}
