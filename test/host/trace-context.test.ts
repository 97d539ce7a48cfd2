import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defineInterface, type ExecutorName, method, PluginHost, type TraceContext, t } from '../../src/index.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Traced = defineInterface('Traced', {
  version: 1,
  methods: {
    context: method({ text: t.string }, t.map(t.string, t.string)),
    context_later: method({ text: t.string }, t.map(t.string, t.string)),
    task: method({}, t.map(t.string, t.string)),
    items: method({}, t.stream(t.map(t.string, t.string))),
    echo: method.raw(),
    size: method({ data: t.bytes }, t.u32),
  },
});

const lines = [
  'import asyncio',
  'import fidius',
  'def context(text): return fidius.trace_context()',
  'async def context_later(text):',
  '    await asyncio.sleep(0)',
  '    return fidius.trace_context()',
  'async def task():',
  '    async def inner(): return fidius.trace_context()',
  '    return await asyncio.create_task(inner())',
  'def items(): yield fidius.trace_context()',
  'def echo(data): return data + fidius.trace_context().get("traceparent", "none").encode()',
  'def size(data): return len(data)',
];

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const other = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

async function load(executor: ExecutorName, traceContext?: () => TraceContext | undefined) {
  const searchPath = tempFolder();
  writePlugin(searchPath, `traced_${executor}`, Traced, ...lines);
  const host = await PluginHost.open({ searchPaths: [searchPath], executor, traceContext });
  onTestFinished(() => host.close({ mode: 'abort' }));
  return (await host.load(`traced_${executor}`, Traced)).client;
}

describe.each(['thread', 'process'] as const)('the trace context of a call, with the executor %s,', (executor) => {
  it('is that of the code that calls', async () => {
    const storage = new AsyncLocalStorage<TraceContext>();
    const client = await load(executor, () => storage.getStore());

    const [first, second, none] = await Promise.all([
      storage.run({ traceparent }, () => client.context('a')),
      storage.run({ traceparent: other, tracestate: 'vendor=1,other=2' }, () => client.context_later('b')),
      client.context('c'),
    ]);

    expect(first).toEqual({ traceparent });
    expect(second).toEqual({ traceparent: other, tracestate: 'vendor=1,other=2' });
    expect(none).toEqual({});
  });

  it('is passed to every kind of call, with its arguments', async () => {
    const client = await load(executor, () => ({ traceparent }));

    expect(await client.task()).toEqual({ traceparent });
    for await (const item of client.items()) expect(item).toEqual({ traceparent });
    expect(Buffer.from(await client.echo(Buffer.from('x'))).toString()).toBe(`x${traceparent}`);
    expect(await client.size(new Uint8Array(3_000_000))).toBe(3_000_000);
    expect(await client.context('é'.repeat(100_000))).toEqual({ traceparent });
  });

  it.each([
    ['no text', { traceparent: 7 }],
    ['another form', { traceparent: '00-xyz' }],
    ['nothing', undefined],
    ['a line break', { traceparent: `${traceparent}\n` }],
  ])('is left out if the function returns %s', async (_what, value) => {
    const client = await load(executor, () => value as never);

    expect(await client.context('a')).toEqual({});
  });

  it('is passed without a state that is none', async () => {
    const client = await load(executor, () => ({ traceparent, tracestate: 'a\nb' }));

    expect(await client.context('a')).toEqual({ traceparent });
  });
});

describe('the trace context of a call', () => {
  it('is absent with inline, and where none is given', async () => {
    const inline = await load('inline', () => ({ traceparent }));
    const thread = await load('thread');

    expect(await inline.context('a')).toEqual({});
    expect(await thread.context('a')).toEqual({});
  });

  it('is given by a function', async () => {
    await expect(PluginHost.open({ traceContext: 'x' as never })).rejects.toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
      message: 'traceContext must be a function, got "x"',
    });
  });
});
