import { channel } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import {
  defineInterface,
  type ExecutorName,
  executorNames,
  isFidiusError,
  isPluginError,
  method,
  PluginHost,
  t,
} from '../../src/index.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Errors = defineInterface('Errors', {
  version: 1,
  methods: {
    echo: method({ text: t.string }, t.string),
    wrong: method({}, t.string),
    strange: method({}, t.string),
    raises: method({}, t.string),
    spin: method({}, t.string),
    tick: method({}, t.stream(t.u8)),
    extra: method({}, t.string, { optional: true }),
  },
});

const lines = [
  'import time',
  'def echo(text): return text',
  'def wrong(): return 3',
  'def strange(): return object()',
  'def raises(): raise ValueError("not today")',
  'def spin():',
  '    for _ in range(3000): time.sleep(0.01)',
  '    return ""',
  'def tick(): raise LookupError("no time"); yield 1',
];

async function open(executor: ExecutorName) {
  const searchPath = tempFolder();
  writePlugin(searchPath, 'errors', Errors, ...lines);
  const host = await PluginHost.open({ searchPaths: [searchPath], executor });
  return { host, plugin: await host.load('errors', Errors) };
}

type Opened = Awaited<ReturnType<typeof open>>;

interface Failure {
  readonly code: string;
  readonly text: string;
  readonly stack: string;
  readonly plugin: string | undefined;
  readonly method: string | undefined;
  readonly error: unknown;
}

/** What is thrown in this function, and awaited or called by it. Its name is what stacks are searched for. */
async function theCaller(call: () => unknown): Promise<Failure> {
  try {
    await call();
  } catch (error) {
    if (!isFidiusError(error) && !isPluginError(error)) throw error;
    const { code, message, stack = '', plugin, method: name } = error;
    return { code, text: message, stack, plugin, method: name, error };
  }
  throw new Error('The call did not fail');
}

const loose = (client: unknown) => client as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

const onEachSide: readonly (readonly [string, string, string, readonly unknown[], string | RegExp])[] = [
  ['an argument of another type', 'FIDIUS_VALUE_ARGUMENT', 'echo', [3], 'echo() of errors: argument "text" must be'],
  ['an argument that cannot cross', 'FIDIUS_VALUE_ARGUMENT', 'echo', ['\ud800'], 'echo() of errors: argument "text"'],
  ['too many arguments', 'FIDIUS_VALUE_ARGUMENT', 'echo', ['a', 1, 2], 'echo() of errors takes 1 argument'],
  ['a result of another type', 'FIDIUS_VALUE_RESULT', 'wrong', [], 'wrong() of errors: result must be'],
  ['a result that cannot cross', 'FIDIUS_VALUE_RESULT', 'strange', [], 'the result of strange() of errors: '],
  ['an exception', 'ValueError', 'raises', [], 'not today'],
  ['an unknown option', 'FIDIUS_OPTION_UNKNOWN', 'wrong', [{ timeout: 1 }], 'in wrong() of errors'],
  ['an invalid option', 'FIDIUS_OPTION_INVALID', 'wrong', [{ timeoutMs: 0 }], 'timeoutMs of wrong() of errors'],
  ['a deadline', 'FIDIUS_CALL_TIMEOUT', 'spin', [{ timeoutMs: 30 }], 'spin() of errors timed out after 30 ms'],
];

describe.each(executorNames)('an error of a call, with the executor %s,', (executor) => {
  it.each(onEachSide)('names plugin and method, and shows its caller: %s', async (_what, code, name, args, text) => {
    const { host, plugin } = await open(executor);
    await using _ = host;

    const byClient = await theCaller(async function awaiting() {
      await loose(plugin.client)[name]?.(...args);
    });
    // In another process, nothing can be called on this thread.
    const bySync =
      executor === 'process'
        ? undefined
        : await theCaller(function blocking() {
            loose(plugin.sync)[name]?.(...args);
          });

    for (const failure of bySync === undefined ? [byClient] : [byClient, bySync]) {
      expect(failure).toMatchObject({ code, plugin: 'errors', method: name });
      expect(failure.text).toContain(text);
    }
    expect(byClient.stack).toMatch(/ at (?:async )?awaiting \(.*call-errors\.test\.ts:\d+/);
    expect(bySync?.stack ?? ' at blocking (call-errors.test.ts:1').toMatch(
      / at blocking \(.*call-errors\.test\.ts:\d+/,
    );
    expect(byClient.stack.split('\n', 1)[0]).toContain(byClient.text.split('\n', 1)[0]);
  });

  it('shows its caller also where calls are awaited together, or in another function', async () => {
    const { host, plugin } = await open(executor);
    await using _ = host;
    const inner = () => plugin.client.raises();

    const together = await theCaller(async function gathering() {
      await Promise.all([plugin.client.echo(''), plugin.client.raises()]);
    });
    const through = await theCaller(async function outer() {
      return (await inner()).length;
    });

    expect(together.stack).toMatch(/ at (?:async )?gathering \(/);
    expect(through.stack).toMatch(/ at (?:async )?outer \(/);
  });

  it('names plugin and method when it was aborted, and when the plugin or the host is closed', async () => {
    const { host, plugin } = await open(executor);
    const { client } = plugin;
    const sync = executor === 'process' ? undefined : plugin.sync;
    const signal = AbortSignal.abort(new Error('enough'));

    const aborted = await theCaller(() => client.echo('', { signal }));
    await plugin.close();
    const closed = await theCaller(() => client.echo(''));
    const closedSync = sync === undefined ? closed : await theCaller(() => sync.echo(''));
    await host.close();
    const after = await theCaller(() => client.wrong());

    expect(aborted).toMatchObject({
      code: 'FIDIUS_CALL_ABORTED',
      text: 'echo() of errors was aborted before it started',
    });
    const text = 'echo() of errors: the plugin is closed';
    expect([closed, closedSync]).toMatchObject([
      { code: 'FIDIUS_PLUGIN_CLOSED', text },
      { code: 'FIDIUS_PLUGIN_CLOSED', text },
    ]);
    expect(after).toMatchObject({ code: 'FIDIUS_PLUGIN_CLOSED', error: { method: 'wrong' } });
  });

  it('names plugin and method when the method streams', async () => {
    const { host, plugin } = await open(executor);
    await using _ = host;

    const failure = await theCaller(async () => {
      for await (const item of plugin.client.tick()) expect(item).toBeUndefined();
    });

    expect(failure).toMatchObject({ code: 'LookupError', error: { method: 'tick' } });
  });

  it('is the same object in the event of the call', async () => {
    const { host, plugin } = await open(executor);
    await using _ = host;
    const events: unknown[] = [];
    const listener = (event: unknown) => void events.push((event as { error?: unknown }).error);
    channel('fidius:call').subscribe(listener);
    try {
      const failure = await theCaller(() => plugin.client.echo(3 as never));

      expect(events.filter((error) => error !== undefined)).toEqual([failure.error]);
      expect(events.includes(failure.error)).toBe(true);
    } finally {
      channel('fidius:call').unsubscribe(listener);
    }
  });
});

it('is an error of its own for each of the calls that fail together', async () => {
  const { host, plugin }: Opened = await open('thread');
  await using _ = host;
  const calls = [theCaller(() => plugin.client.spin()), theCaller(() => plugin.client.spin())];

  await plugin.close({ mode: 'abort' });

  const [first, second] = await Promise.all(calls);
  expect(first?.error).not.toBe(second?.error);
  expect(first).toMatchObject({ text: 'spin() of errors: the plugin was closed before the call was done' });
});

it('begins in the code that loads when a load fails', async () => {
  const searchPath = tempFolder();
  writePlugin(searchPath, 'errors', Errors, 'raise ValueError("not today")');
  for (const executor of executorNames) {
    await using host = await PluginHost.open({ searchPaths: [searchPath], executor });
    let stack: string | undefined;
    async function loading() {
      await host.load('errors', Errors);
    }

    await loading().catch((error: Error) => (stack = error.stack));

    expect(stack).toMatch(/ at (?:async )?loading \(.*call-errors\.test\.ts/);
    expect(stack).toContain('LoadError: Cannot load');
  }
});
