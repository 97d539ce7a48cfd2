import { describe, expect, it } from 'vitest';
import { createClient, createSyncClient } from '../../../src/contract/client/client.ts';
import type { CallOptions } from '../../../src/contract/client/client-types.ts';
import { defineInterface, type InterfaceMethod } from '../../../src/contract/interface.ts';
import { method } from '../../../src/contract/method.ts';
import { t } from '../../../src/contract/t.ts';
import { failureOf } from '../../support/failure.ts';

const Demo = defineInterface('Demo', {
  version: 1,
  methods: {
    greet: method({ name: t.string }, t.string),
    ping: method({}, t.string),
    put: method([{ key: t.string }, { value: t.named('Value') }], t.string),
    extra: method({}, t.string, { optional: true }),
    toString: method({}, t.string, { optional: true }),
    tick: method({ count: t.u32 }, t.stream(t.u32)),
  },
});

describe('a client', () => {
  it('carries each call with the arguments and the index of its method', () => {
    const { client, calls } = recordSync();

    expect(client.put('a', 1)).toBe('answer of put');

    expect(calls).toEqual([{ method: 'put', index: 2, args: ['a', 1], options: undefined }]);
  });

  it('takes call options after the last argument, and alone where there is none', () => {
    const { client, calls } = recordSync();

    client.greet('World', { timeoutMs: 5 });
    client.ping({ timeoutMs: 6 });
    client.ping(undefined);

    expect(calls.map(({ args, options }) => [args, options])).toEqual([
      [['World'], { timeoutMs: 5 }],
      [[], { timeoutMs: 6 }],
      [[], undefined],
    ]);
  });

  it('does not take an argument for options, whatever it looks like', () => {
    const { client, calls } = recordSync();

    client.put('a', { timeoutMs: 5 });

    expect(calls).toMatchObject([{ args: ['a', { timeoutMs: 5 }], options: undefined }]);
  });

  it('has no function for an optional method that the plugin lacks', () => {
    const { client } = recordSync(({ optional }) => !optional);

    expect(client.extra).toBeUndefined();
    expect(client.toString).toBeUndefined();
    expect(Object.keys(client)).toEqual(['greet', 'ping', 'put', 'tick']);
  });

  it('has functions with the names of the methods, and cannot be changed', () => {
    const { client } = recordSync();

    expect(client.greet.name).toBe('greet');
    expect(Object.isFrozen(client)).toBe(true);
  });

  it.each<[string, (client: SyncDemo) => unknown, string]>([
    // @ts-expect-error an argument is missing
    ['too few arguments', (client) => client.greet(), 'greet() of demo takes 1 argument (name), got 0'],
    // @ts-expect-error one argument too many
    ['too many', (client) => client.put('a', 1, {}, {}), 'put() of demo takes 2 arguments (key, value), got 4'],
    [
      'something after the last one that is no options',
      (client) => client.greet('a', 'b' as never),
      'greet() of demo takes 1 argument (name), got 2',
    ],
    [
      'an argument for a method without',
      (client) => client.ping('a' as never),
      'ping() of demo takes no arguments, got 1',
    ],
    [
      'options in place of an argument',
      (client) => client.greet({ timeoutMs: 1 } as never),
      'greet() of demo: argument "name" must be a string, got an object',
    ],
  ])('says what is wrong with %s', async (_what, call, message) => {
    const { client, calls } = recordSync();

    const error = await failureOf(() => call(client));

    expect(error.code).toBe('FIDIUS_VALUE_ARGUMENT');
    expect(error.message).toBe(message);
    expect(calls).toEqual([]);
  });

  it.each<[string, object, string, string]>([
    ['a misspelt name', { timeoutMS: 5 }, 'FIDIUS_OPTION_UNKNOWN', 'Unknown option "timeoutMS" in ping() of demo'],
    [
      'a signal for a call that blocks',
      { signal: new AbortController().signal },
      'FIDIUS_OPTION_UNKNOWN',
      'Unknown option "signal" in ping() of demo',
    ],
    [
      'no time at all',
      { timeoutMs: 0 },
      'FIDIUS_OPTION_INVALID',
      'timeoutMs of ping() of demo must be a positive number of milliseconds, got 0',
    ],
    [
      'a time that is no number',
      { timeoutMs: '5' },
      'FIDIUS_OPTION_INVALID',
      'timeoutMs of ping() of demo must be a positive number of milliseconds, got "5"',
    ],
    [
      'NaN',
      { timeoutMs: Number.NaN },
      'FIDIUS_OPTION_INVALID',
      'timeoutMs of ping() of demo must be a positive number of milliseconds, got NaN',
    ],
  ])('refuses options: %s', async (_what, options, code, message) => {
    const { client, calls } = recordSync();

    const error = await failureOf(() => client.ping(options));

    expect(error).toMatchObject({ code, message });
    expect(calls).toEqual([]);
  });
});

describe('a client of promises', () => {
  it('gives a promise of the answer', async () => {
    const { client, calls } = recordAsync();
    const { signal } = new AbortController();

    expect(await client.greet('World', { signal, timeoutMs: 5 })).toBe('answer of greet');

    expect(calls).toMatchObject([{ args: ['World'], options: { signal, timeoutMs: 5 } }]);
  });

  it('rejects where a call that blocks would throw', async () => {
    const { client } = recordAsync();

    const promise = client.greet(3 as never);

    await expect(promise).rejects.toThrow('greet() of demo: argument "name" must be a string, got 3');
  });

  it('rejects a value that is not an AbortSignal', async () => {
    const { client } = recordAsync();

    const error = await failureOf(() => client.ping({ signal: {} as never }));

    expect(error).toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
      message: 'signal of ping() of demo must be an AbortSignal, got an object',
    });
  });

  it('gives an iterable that fails at its first step where a streaming call cannot be made', async () => {
    const { client } = recordAsync();

    const iterator = client.tick('2' as never, { timeoutMs: -1 })[Symbol.asyncIterator]();

    await expect(iterator.next()).rejects.toMatchObject({ code: 'FIDIUS_OPTION_INVALID' });
    await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
  });

  it('gives what its carrier gives for a method that streams', async () => {
    const { client } = recordAsync();

    const items = [];
    for await (const item of client.tick(2)) items.push(item);

    expect(items).toEqual([1, 2]);
  });
});

type SyncDemo = ReturnType<typeof recordSync>['client'];

interface Call {
  readonly method: string;
  readonly index: number;
  readonly args: readonly unknown[];
  readonly options: CallOptions | undefined;
}

/** A client whose calls go nowhere: they are written down, after the check that every carrier makes. */
function recordSync(has: (method: InterfaceMethod) => boolean = () => true) {
  const calls: Call[] = [];
  const client = createSyncClient(Demo, 'demo', (method, index) => {
    if (!has(method)) return undefined;
    return (args, options) => {
      calls.push({ method: method.name, index, args: method.codec.checkArguments(args), options });
      return `answer of ${method.name}`;
    };
  });
  return { client, calls };
}

function recordAsync() {
  const calls: Call[] = [];
  const client = createClient(Demo, 'demo', (method, index) => (args, options) => {
    calls.push({ method: method.name, index, args: method.codec.checkArguments(args), options });
    return method.streaming ? items(2) : Promise.resolve(`answer of ${method.name}`);
  });
  return { client, calls };
}

async function* items(count: number): AsyncGenerator<number> {
  for (let item = 1; item <= count; item += 1) yield item;
}
