import { afterAll, describe, expect, it } from 'vitest';
import { isPluginError, loadPythonPlugin, type PluginError } from '../../src/index.ts';
import { descriptorOf } from '../support/descriptors.ts';
import { failureOf } from '../support/failure.ts';
import { flipIndex, observe, observer } from '../support/observer.ts';
import { moduleText, writePackage } from '../support/plugin-folders.ts';

const folder = writePackage({
  files: {
    'probe_main.py': moduleText(
      'from fidius import PluginError',
      'class Coded(PluginError):',
      '    pass',
      'def count(*args): return len(args)',
      'def keep(*args): return list(args)',
      'def raises(kind, *args): raise eval(kind)',
      'def chained():',
      '    try: {}["missing"]',
      '    except KeyError as error: raise ValueError("outer") from error',
      'class Unprintable(Exception):',
      '    def __str__(self): raise RuntimeError("no text")',
      'def unprintable(): raise Unprintable()',
      'def raw(data): return data if len(data) else None',
      'def anything(source): return eval(source)',
      'class Text(str): pass',
      'def odd(): raise PluginError(7, Text("sub\\ud800"), {"a": [1, None]})',
    ),
  },
});
const handle = await loadPythonPlugin(
  folder,
  descriptorOf('count', 'keep', 'raises', 'chained', 'unprintable', '!raw', 'anything', 'odd'),
);
afterAll(() => handle.close());

const [count, keep, raises, chained, unprintable, raw, anything, odd] = [0, 1, 2, 3, 4, 5, 6, 7];

async function pluginErrorOf(attempt: () => unknown): Promise<PluginError> {
  try {
    await attempt();
  } catch (error) {
    if (isPluginError(error)) return error;
    throw error;
  }
  throw new Error('The plugin raised nothing');
}

describe('callTyped', () => {
  it.each([
    [undefined, 0],
    [null, 0],
    [[], 0],
    [[1, 2, 3], 3],
    ['one', 1],
    [7, 1],
    [{ a: 1 }, 1],
    [[[1, 2, 3]], 1],
    [Array.from({ length: 100 }, () => 'many'), 100],
  ])('takes %j as so many positional arguments', (args, expected) => {
    expect(handle.callTyped(count, args)).toBe(expected);
  });

  it.each([-1, 1.5, Number.NaN, 8, 99, Number.POSITIVE_INFINITY, '0', undefined])(
    'refuses the index %s',
    async (index) => {
      const error = await failureOf(() => handle.callTyped(index as number));

      expect(error.code).toBe('FIDIUS_CALL_INDEX');
      expect(error.message).toContain('its methods are 0 to 7');
    },
  );

  it('refuses a raw method, and callRaw a typed one', async () => {
    const typed = await failureOf(() => handle.callTyped(raw, []));
    const bytes = await failureOf(() => handle.callRaw(count, new Uint8Array()));

    expect(typed).toMatchObject({
      code: 'FIDIUS_CALL_WIRE_MODE',
      message: 'raw() of probe: Probe.raw is declared raw and was called as typed',
      hint: 'Use callRaw() for it.',
    });
    expect(bytes).toMatchObject({ code: 'FIDIUS_CALL_WIRE_MODE', hint: 'Use callTyped() for it.' });
  });

  it('names the place of an argument that cannot cross', async () => {
    const error = await failureOf(() => handle.callTyped(keep, [1, { rows: [0, { price: () => 0 }] }]));

    expect(error.code).toBe('FIDIUS_VALUE_ARGUMENT');
    expect(error.message).toContain('arguments[1].rows[1].price');
  });

  it('refuses an argument that contains itself', async () => {
    const cycle: unknown[] = [];
    cycle.push({ again: cycle });

    const error = await failureOf(() => handle.callTyped(keep, [cycle]));

    expect(error.code).toBe('FIDIUS_VALUE_CYCLE');
  });

  it.each([
    ['object()', 'result', 'object'],
    ['(n for n in [1])', 'result', 'generator'],
    ['{"rows": [1, object()]}', 'result.rows[1]', 'object'],
    ['lambda: 0', 'result', 'function'],
    ['"\\ud800"', 'result', 'surrogate'],
  ])('names the place and the type of a result that cannot cross: %s', async (source, place, type) => {
    const error = await failureOf(() => handle.callTyped(anything, [source]));

    expect(error.code).toBe('FIDIUS_VALUE_RESULT');
    expect(error.message).toContain(place);
    expect(error.message).toContain(type);
  });

  it('refuses a result that contains itself', async () => {
    const error = await failureOf(() => handle.callTyped(anything, ['(lambda a: (a.append(a), a)[1])([])']));

    expect(error.code).toBe('FIDIUS_VALUE_CYCLE');
  });
});

describe('callRaw', () => {
  it.each([0, 1, 255, 4096, 1 << 20])('carries %i bytes both ways', async (size) => {
    const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251);

    expect(Buffer.compare((await observer()).callRaw(flipIndex, bytes), bytes.toReversed())).toBe(0);
  });

  it('returns separate memory', async () => {
    const result = (await observer()).callRaw(flipIndex, Uint8Array.of(1, 2, 3));

    expect(result.byteOffset).toBe(0);
    expect(result.buffer.byteLength).toBe(3);
    expect(result.constructor).toBe(Uint8Array);
  });

  it('accepts a part of a buffer, and an ArrayBuffer', async () => {
    const whole = Uint8Array.of(1, 2, 3, 4, 5);

    expect((await observer()).callRaw(flipIndex, whole.subarray(1, 3))).toEqual(Uint8Array.of(3, 2));
    expect((await observer()).callRaw(flipIndex, whole.buffer)).toEqual(Uint8Array.of(5, 4, 3, 2, 1));
  });

  it.each(['text', 7, null, undefined, [1, 2]])('refuses %j', async (input) => {
    const error = await failureOf(async () => (await observer()).callRaw(flipIndex, input as unknown as Uint8Array));

    expect(error.code).toBe('FIDIUS_ARGUMENT_INVALID');
  });

  it('rejects a result that is not bytes', async () => {
    const error = await failureOf(() => handle.callRaw(raw, new Uint8Array()));

    expect(error.code).toBe('FIDIUS_VALUE_RESULT');
    expect(error.message).toBe(
      'Cannot return the result of raw() of probe: a raw method must return bytes, got NoneType',
    );
  });
});

describe('what a method raises', () => {
  it('is a PluginError with the class as code, the text, the traceback and who raised it', async () => {
    const error = await pluginErrorOf(() => handle.callTyped(raises, ['ValueError("not today")']));

    expect(error).toMatchObject({
      code: 'ValueError',
      message: 'not today',
      details: undefined,
      pythonType: 'ValueError',
      plugin: 'probe',
      method: 'raises',
    });
    expect(error.traceback).toMatch(
      /^Traceback \(most recent call last\):\n {2}File ".*probe_main\.py", line \d+, in raises\n/,
    );
    expect(error.traceback).toMatch(/\nValueError: not today\n$/);
  });

  it('shows no frame of this library, also when the arguments went through the codec', async () => {
    const error = await pluginErrorOf(() => handle.callTyped(raises, ['ValueError("x")', [1, 2]]));

    expect(error.traceback).not.toContain('fidius_host');
  });

  it('keeps code, message and details of a PluginError of Python', async () => {
    const error = await pluginErrorOf(() => handle.callTyped(raises, ['PluginError("QUOTA", "used up", {"left": 0})']));

    expect(error).toMatchObject({ code: 'QUOTA', message: 'used up', details: { left: 0 } });
    expect(error.pythonType).toBe('fidius.PluginError');
  });

  it('counts subclasses of PluginError as such', async () => {
    const error = await pluginErrorOf(() => handle.callTyped(raises, ['Coded("SUB", "text")']));

    expect(error).toMatchObject({ code: 'SUB', message: 'text', details: undefined });
  });

  it('survives a PluginError with odd attributes', async () => {
    const error = await pluginErrorOf(() => handle.callTyped(odd));

    expect(error).toMatchObject({ code: 'PluginError', message: 'sub\\ud800', details: { a: [1, null] } });
  });

  it('leaves out details that cannot cross', async () => {
    const error = await pluginErrorOf(() => handle.callTyped(raises, ['PluginError("X", "y", object())']));

    expect(error).toMatchObject({ code: 'X', details: undefined });
  });

  it('tells chained causes in the traceback', async () => {
    const error = await pluginErrorOf(() => handle.callTyped(chained));

    expect(error.traceback).toContain("KeyError: 'missing'");
    expect(error.traceback).toContain('The above exception was the direct cause of the following exception');
    expect(error.traceback).toContain('ValueError: outer');
  });

  it('may have no text', async () => {
    const error = await pluginErrorOf(() => handle.callTyped(unprintable));

    expect(error).toMatchObject({ code: 'Unprintable', message: '<unprintable Python exception>' });
  });

  it.each([
    ['SystemExit(3)', 'SystemExit', '3'],
    ['SystemExit("text")', 'SystemExit', 'text'],
    ['SystemExit', 'SystemExit', ''],
    ['KeyboardInterrupt', 'KeyboardInterrupt', ''],
    ['GeneratorExit', 'GeneratorExit', ''],
    ['BaseException("b")', 'BaseException', 'b'],
    ['KeyError("nope")', 'KeyError', "'nope'"],
  ])('is an error of that call and nothing more: %s', async (source, code, message) => {
    const error = await pluginErrorOf(() => handle.callTyped(raises, [source]));

    expect(error).toMatchObject({ code, message });
    expect(handle.callTyped(count, [1])).toBe(1);
  });

  it('is a TypeError of Python when the number of arguments is wrong', async () => {
    const error = await pluginErrorOf(() => handle.callTyped(chained, [1, 2]));

    expect(error).toMatchObject({ code: 'TypeError' });
    expect(error.message).toContain('chained()');
  });

  it('is a RecursionError when Python runs too deep, and Python goes on', async () => {
    const error = await pluginErrorOf(() => handle.callTyped(anything, ['(lambda f: f(f))(lambda f: f(f))']));

    expect(error.code).toBe('RecursionError');
    expect(handle.callTyped(count)).toBe(0);
  });
});

describe('a closed handle', () => {
  it('says so in every method, and can be closed again', async () => {
    const other = await loadPythonPlugin(
      writePackage({
        entryModule: 'closing',
        files: { 'closing.py': moduleText('def greet(): return 1', 'def raw(b): return b') },
      }),
      descriptorOf('greet', '!raw'),
    );
    other.close();
    other.close();

    for (const attempt of [() => other.callTyped(0), () => other.callRaw(1, new Uint8Array(1))]) {
      const error = await failureOf(attempt);
      expect(error).toMatchObject({
        code: 'FIDIUS_PLUGIN_CLOSED',
        message: expect.stringContaining('() of probe: the plugin is closed'),
      });
    }
    expect(other.methodCount).toBe(2);
  });
});

it('calls Python that calls itself through many levels of data', async () => {
  let nested: unknown = 'core';
  for (let level = 0; level < 10_000; level += 1) nested = [nested];

  let result = await observe('echo', nested);

  let depth = 0;
  while (Array.isArray(result)) {
    result = result[0];
    depth += 1;
  }
  expect([depth, result]).toEqual([10_000, 'core']);
});
