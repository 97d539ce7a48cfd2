import { describe, expect, it } from 'vitest';
import { isFidiusError } from '../../../src/errors/fidius-error.ts';
import { isPluginError, type PluginError } from '../../../src/errors/plugin-error.ts';
import { type Executor, type ExecutorPlugin, executorNames } from '../../../src/executor/executor.ts';
import { descriptorOf } from '../../support/descriptors.ts';
import { failureOf } from '../../support/failure.ts';
import { interpreterState } from '../../support/observer.ts';
import { moduleText, writePackage } from '../../support/plugin-folders.ts';
import { loadProbe, openExecutor } from '../support/executors.ts';
import { rawMethod, untypedMethod } from '../support/methods.ts';

const lines = [
  'from fidius import PluginError',
  'def add(a, b): return a + b',
  'def echo(value): return value',
  'def raises(kind): raise eval(kind)',
  'def chained():',
  '    try: {}["missing"]',
  '    except KeyError as error: raise ValueError("outer") from error',
  'def coded(): raise PluginError("LIMIT", "too much", {"limit": 3})',
  'def evaluate(source): return eval(source)',
  'def flip(data): return data[::-1]',
  'def wrong(data): return "text"',
];
const methods = ['add', 'echo', 'raises', 'chained', 'coded', 'evaluate', '!flip', '!wrong', 'absent?'];
const [flip, wrong, absent] = [6, 7, 8];

async function pluginErrorOf(attempt: () => Promise<unknown>): Promise<PluginError> {
  try {
    await attempt();
  } catch (error) {
    if (isPluginError(error)) return error;
    throw error;
  }
  throw new Error('The attempt did not fail');
}

describe.each(executorNames)('the executor %s', (name) => {
  const open = () => loadProbe(openExecutor(name), { methods, lines });

  describe('calls', () => {
    it('bring back what a method returned', async () => {
      const { call, plugin } = await open();

      expect(await call('add', [1, 2])).toBe(3);
      expect(await call('add', ['a', 'b'])).toBe('ab');
      expect(plugin).toMatchObject({ executor: name, name: 'probe' });
    });

    it.each([
      [null],
      [true],
      [2 ** 53 - 1],
      [2n ** 70n],
      [1.5],
      ['häß\u{1F600}'],
      [Uint8Array.of(0, 255)],
      [[1, ['two', { three: 3 }]]],
      [new Map<unknown, unknown>([[1, 'one']])],
      [{ __proto__data: 1, nested: { empty: [] } }],
    ])('carry %o there and back', async (value) => {
      const { call } = await open();

      expect(await call('echo', [value])).toEqual(value);
    });

    it('carry bytes of any size through raw methods', async () => {
      const { plugin } = await open();

      for (const size of [0, 1, 60_000, 300_000]) {
        const input = Uint8Array.from({ length: size }, (_, index) => index % 251);
        const result = (await plugin.call(rawMethod(flip), [input])) as Uint8Array;
        expect(Buffer.compare(result, input.toReversed())).toBe(0);
      }
    });

    it('read their arguments at once', async () => {
      const { call, plugin } = await open();
      const list = [1];
      const bytes = Uint8Array.of(1, 2);

      const answers = [call('echo', [list]), plugin.call(rawMethod(flip), [bytes])] as const;
      list.push(2);
      bytes.fill(9);

      expect(await Promise.all(answers)).toEqual([[1], Uint8Array.of(2, 1)]);
    });

    it('are rejected with what the method raised', async () => {
      const { call } = await open();

      const error = await pluginErrorOf(() => call('chained'));

      expect(error).toMatchObject({ code: 'ValueError', message: 'outer', plugin: 'probe', method: 'chained' });
      expect(error.traceback).toContain("KeyError: 'missing'");
      expect(error.traceback).not.toContain('fidius_host');
    });

    it('keep code, message and details of a PluginError', async () => {
      const { call } = await open();

      const error = await pluginErrorOf(() => call('coded'));

      expect(error).toMatchObject({ code: 'LIMIT', message: 'too much', details: { limit: 3 } });
    });

    it.each(['SystemExit(3)', 'KeyboardInterrupt()', 'GeneratorExit()', 'BaseException("base")'])(
      'survive %s in the plugin',
      async (kind) => {
        const { call } = await open();

        const error = await pluginErrorOf(() => call('raises', [kind]));

        expect(error.pythonType).toBe(kind.slice(0, kind.indexOf('(')));
        expect(await call('add', [1, 1])).toBe(2);
      },
    );

    it('say where a result cannot cross', async () => {
      const { call } = await open();

      const error = await failureOf(() => call('evaluate', ['{"rows": [1, object()]}']));

      expect(error.code).toBe('FIDIUS_VALUE_RESULT');
      expect(error.message).toMatch(
        /Cannot return the result of evaluate\(\) of \w+: .*result\.rows\[1\]|result\["rows"\]\[1\]/,
      );
    });

    it('say where an argument cannot cross', async () => {
      const { call } = await open();

      const error = await failureOf(() => call('echo', [{ rows: [1, Symbol('no')] }]));

      expect(error).toMatchObject({ code: 'FIDIUS_VALUE_ARGUMENT', message: expect.stringContaining('rows[1]') });
    });

    it('refuse an index that is none, the other wire mode, and a method that was left out', async () => {
      const { plugin } = await open();

      for (const index of [-1, 0.5, Number.NaN, 99]) {
        expect((await failureOf(() => plugin.call(untypedMethod(index), []))).code).toBe('FIDIUS_CALL_INDEX');
      }
      expect((await failureOf(() => plugin.call(untypedMethod(flip), []))).code).toBe('FIDIUS_CALL_WIRE_MODE');
      expect((await failureOf(() => plugin.call(rawMethod(0), [Uint8Array.of()]))).code).toBe('FIDIUS_CALL_WIRE_MODE');
      expect((await failureOf(() => plugin.call(untypedMethod(absent), []))).code).toBe('FIDIUS_CALL_NOT_SUPPORTED');
    });

    it('refuse a raw method that returns no bytes', async () => {
      const { plugin } = await open();

      const error = await failureOf(() => plugin.call(rawMethod(wrong), [Uint8Array.of(1)]));

      expect(error).toMatchObject({
        code: 'FIDIUS_VALUE_RESULT',
        message: expect.stringContaining('must return bytes, got str'),
      });
    });

    it('never start with a signal that is aborted', async () => {
      const { call, plugin } = await open();
      const reason = new Error('changed my mind');

      const error = await failureOf(() => call('raises', ['1'], { signal: AbortSignal.abort(reason) }));

      expect(error).toMatchObject({ code: 'FIDIUS_CALL_ABORTED', cause: reason });
      expect(plugin.stats()).toMatchObject({ cancelled: 1, failed: 0, succeeded: 0 });
    });

    it('are counted', async () => {
      const { call, plugin } = await open();

      await call('add', [1, 2]);
      await pluginErrorOf(() => call('coded'));

      expect(plugin.stats()).toMatchObject({ succeeded: 1, failed: 1, cancelled: 0, queued: 0, running: 0 });
    });
  });

  describe.skipIf(name === 'process')('the same plugin on this thread', () => {
    it('is the very same module', async () => {
      const { call, plugin } = await open();
      const identity = ['__import__("sys").modules[__name__].__dict__.setdefault("mark", 41) + 1'];

      expect(await call('evaluate', identity)).toBe(42);
      expect(plugin.sync()?.callSync(untypedMethod(methods.indexOf('evaluate')), ['mark'])).toBe(41);
    });

    it('ends with the plugin', async () => {
      const { plugin } = await open();
      const handle = plugin.sync();

      await plugin.close();

      expect((await failureOf(() => handle?.callSync(untypedMethod(0), [1, 2]))).code).toBe('FIDIUS_PLUGIN_CLOSED');
      expect((await failureOf(() => plugin.sync()?.callSync(untypedMethod(0), [1, 2]))).code).toBe(
        'FIDIUS_PLUGIN_CLOSED',
      );
    });
  });

  describe('loading', () => {
    const load = (executor: Executor, source: string): Promise<ExecutorPlugin> => {
      const folder = writePackage({ files: { 'probe_main.py': source } });
      return executor.load({ plugin: 'probe', folder, entryModule: 'probe_main', descriptor: descriptorOf('greet') });
    };

    it.each([
      ['FIDIUS_IMPORT_FAILED', moduleText('raise ImportError("not today")')],
      ['FIDIUS_IMPORT_FAILED', moduleText('import sys; sys.exit(0)')],
      ['FIDIUS_IMPORT_FAILED', moduleText('def (')],
      ['FIDIUS_METHOD_MISSING', moduleText()],
      ['FIDIUS_METHOD_NOT_CALLABLE', moduleText('greet = 3')],
      ['FIDIUS_INTERFACE_HASH_MISMATCH', '__interface_hash__ = 1'],
    ])('fails with %s and leaves nothing behind', async (code, source) => {
      const before = await interpreterState();

      const error = await failureOf(() => load(openExecutor(name), source));

      expect(error).toMatchObject({ code, path: expect.stringContaining('probe') });
      expect(await interpreterState()).toEqual(before);
    });

    it('is refused with a signal that is aborted, by an executor that is closed, and with wrong options', async () => {
      const executor = openExecutor(name);
      const request = { plugin: 'probe', folder: '/nowhere', entryModule: 'probe', descriptor: descriptorOf() };
      const refusal = async (options: object) => (await failureOf(() => executor.load(request, options))).code;

      expect(await refusal({ signal: AbortSignal.abort() })).toBe('FIDIUS_LOAD_ABORTED');
      expect(await refusal({ loadTimeoutMs: 0 })).toBe('FIDIUS_OPTION_INVALID');
      expect(await refusal({ timeoutMs: -1 })).toBe('FIDIUS_OPTION_INVALID');
      expect(await refusal({ maxQueued: 1.5 })).toBe('FIDIUS_OPTION_INVALID');
      expect(await refusal({ maxConcurrent: 0 })).toBe('FIDIUS_OPTION_INVALID');
      expect(await refusal({ ownThread: 'yes' })).toBe('FIDIUS_OPTION_INVALID');
      expect(await refusal({ signal: {} })).toBe('FIDIUS_OPTION_INVALID');
      await executor.close();
      expect(await refusal({})).toBe('FIDIUS_HOST_CLOSED');
    });
  });

  describe('closing', () => {
    it('refuses every call afterwards, and may be repeated', async () => {
      const { call, plugin } = await open();

      await Promise.all([plugin.close(), plugin.close({ mode: 'abort' })]);
      await plugin.close();

      expect((await failureOf(() => call('add', [1, 2]))).code).toBe('FIDIUS_PLUGIN_CLOSED');
      expect((await failureOf(() => plugin.call(rawMethod(flip), [Uint8Array.of()]))).code).toBe(
        'FIDIUS_PLUGIN_CLOSED',
      );
    });

    it.skipIf(name === 'process')('takes the modules of the package along', async () => {
      const before = await interpreterState();
      const { plugin } = await open();
      expect(await interpreterState()).not.toEqual(before);

      await plugin.close();

      expect(await interpreterState()).toEqual(before);
    });

    it('closes its plugins with the executor', async () => {
      const executor = openExecutor(name);
      const { call } = await loadProbe(executor, { methods, lines });

      await Promise.all([executor.close(), executor.close()]);

      const error = await failureOf(() => call('add', [1, 2]));
      expect(isFidiusError(error) && error.code).toBe('FIDIUS_PLUGIN_CLOSED');
    });
  });
});
