import { describe, expect, it } from 'vitest';
import { defineInterface, method, PluginHost, t } from '../../src/index.ts';
import { inProcessExecutors } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';
import { outputOf } from '../support/isolated.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Streams = defineInterface('Streams', {
  version: 1,
  methods: {
    tick: method({ count: t.u32 }, t.stream(t.u32)),
    sum: method({ items: t.stream(t.u32) }, t.u32),
  },
});

const refusal = {
  code: 'FIDIUS_CALL_STREAM',
  message: 'tick() of streams uses streams, which this version does not support yet',
  hint: 'Return a list, or split the work into several calls.',
};

describe.each(inProcessExecutors)('a method that streams, with the executor %s', (executor) => {
  const load = async () => {
    const searchPath = tempFolder();
    writePlugin(searchPath, 'streams', Streams, 'def tick(count): yield from range(count)', 'def sum(items): return 0');
    const host = await PluginHost.open({ searchPaths: [searchPath], executor });
    const plugin = await host.load('streams', Streams);
    return { host, client: plugin.client, sync: plugin.sync };
  };

  it('gives an iterable of which the first step fails', async () => {
    const { host, client, sync } = await load();
    await using _ = host;

    const asynchronous = await failureOf(async () => {
      for await (const item of client.tick(2)) expect(item).toBeUndefined();
    });
    const synchronous = await failureOf(() => {
      for (const item of sync.tick(2)) expect(item).toBeUndefined();
    });

    expect(asynchronous).toMatchObject(refusal);
    expect(synchronous).toMatchObject(refusal);
  });

  it('fails when its iterable is awaited', async () => {
    const { host, client } = await load();
    await using _ = host;

    // oxlint-disable-next-line typescript/await-thenable -- the mistake that this is about
    const error = await failureOf(async () => void (await client.tick(2)));

    expect(error).toMatchObject(refusal);
    expect(await Promise.resolve(client.tick(2)).catch(() => 'caught')).toBe('caught');
  });

  it('ends an iteration as a generator does', async () => {
    const { host, client, sync } = await load();
    await using _ = host;
    const boom = new Error('boom');
    const end = { done: true, value: undefined };
    const asynchronous = client.tick(2)[Symbol.asyncIterator]();
    const synchronous = sync.tick(2)[Symbol.iterator]();

    expect(await asynchronous.return?.()).toEqual(end);
    expect(await asynchronous.next()).toEqual(end);
    await expect(asynchronous.throw?.(boom)).rejects.toBe(boom);
    expect(synchronous.return?.()).toEqual(end);
    expect(synchronous.next()).toEqual(end);
    expect(() => synchronous.throw?.(boom)).toThrow(boom);
  });

  it('rejects where the stream is only an argument', async () => {
    const { host, client, sync } = await load();
    await using _ = host;

    await expect(client.sum([1])).rejects.toMatchObject({ code: 'FIDIUS_CALL_STREAM' });
    expect(() => sync.sum([1])).toThrow(expect.objectContaining({ code: 'FIDIUS_CALL_STREAM' }));
  });
});

it('leaves no rejection behind when its iterable is not used', async () => {
  const { stdout, stderr } = await outputOf('unused-stream.ts');

  expect(stdout).toBe('still running\nFIDIUS_CALL_STREAM\n');
  expect(stderr).toBe('');
});
