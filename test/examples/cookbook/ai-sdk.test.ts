import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { generateText } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aiTools } from '../../../examples/cookbook/ai-tools.ts';
import { defineInterface, method, PluginHost, t } from '../../../src/index.ts';
import { root } from '../../support/markdown.ts';
import { writePlugin } from '../../support/plugin-folders.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const Ledger = defineInterface('Ledger', {
  version: 1,
  methods: {
    add: method([{ amount: t.u64 }, { note: t.option(t.string) }], t.u64, {
      doc: 'Adds an amount.',
      argumentDocs: { amount: 'In cents.' },
    }),
    digest: method({ data: t.bytes }, t.bytes),
    sum: method({ amounts: t.stream(t.u64) }, t.u64),
    numbers: method({}, t.stream(t.u64)),
    wait: method({}, t.unit),
    audit: method({}, t.string, { optional: true }),
  },
});

const lines = String.raw`
import itertools, time
total = 0

def add(amount, note):
    global total
    total += amount
    return total

def digest(data):
    return bytes(reversed(data))

def sum(amounts):
    total = 0
    for amount in amounts:
        total += amount
    return total

def numbers():
    try:
        yield from itertools.count()
    finally:
        print('numbers ended')

def wait():
    while True:
        time.sleep(0.01)
`.split('\n');

async function openTools(maxItems = 100) {
  const searchPath = tempFolder();
  writePlugin(searchPath, 'ledger-keeper', Ledger, ...lines);
  const output: string[] = [];
  const host = await PluginHost.open({ searchPaths: [searchPath], onOutput: ({ text }) => output.push(text) });
  onTestFinished(() => host.close({ mode: 'abort' }));
  const tools = aiTools(await host.load('ledger-keeper', Ledger), Ledger, { maxItems });
  const run = async (name: string, input: unknown, abortSignal?: AbortSignal) =>
    (await tools[name]?.execute?.(input, {
      toolCallId: '1',
      messages: [],
      ...(abortSignal === undefined ? {} : { abortSignal }),
    })) as unknown;
  return { host, output, run, tools };
}

describe('examples/cookbook/ai-tools.ts', () => {
  it('gives a model the methods that the plugin has, with their schemas', async () => {
    const { tools } = await openTools();
    const model = new MockLanguageModelV3({
      doGenerate: {
        content: [{ type: 'text', text: 'done' }],
        finishReason: { unified: 'stop', raw: undefined },
        usage: {
          inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 1, text: 1, reasoning: 0 },
        },
        warnings: [],
      },
    });

    await generateText({ model, tools, prompt: 'Add 5 cents.' });

    const [call] = model.doGenerateCalls;
    expect(call?.tools?.map(({ name }) => name)).toEqual(['add', 'digest', 'sum', 'numbers', 'wait']);
    expect(call?.tools?.[0]).toMatchObject({
      type: 'function',
      description: 'Adds an amount.',
      inputSchema: {
        properties: { amount: { description: expect.stringMatching(/^In cents/) }, note: {} },
        required: ['amount'],
      },
    });
  });

  it('converts arguments from JSON and results to JSON', async () => {
    const { run } = await openTools();

    expect(await run('add', { amount: 5 })).toBe(5);
    expect(await run('add', { amount: '9007199254740993', note: 'large' })).toBe('9007199254740998');
    expect(await run('digest', { data: 'AQID' })).toBe('AwIB');
    expect(await run('sum', { amounts: [1, 2, 3] })).toBe(6);
  });

  it('ends a stream after its first items', async () => {
    const { host, output, run } = await openTools(3);

    expect(await run('numbers', {})).toEqual([0, 1, 2]);

    await host.close();
    expect(output).toEqual(['numbers ended']);
  });

  it('rejects arguments that do not match, with their position', async () => {
    const { run } = await openTools();

    await expect(run('add', { amount: -1 })).rejects.toThrow('argument "amount" must be an integer from 0 to');
  });

  it('stops a call when the generation is aborted', async () => {
    const { run } = await openTools();
    const generation = new AbortController();
    const waiting = run('wait', {}, generation.signal);

    generation.abort();

    await expect(waiting).rejects.toMatchObject({ code: 'FIDIUS_CALL_ABORTED' });
  });
});

describe('examples/cookbook/ai-sdk.ts', () => {
  it('prints the calls of the model, what failed and what was returned', () => {
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');
    const { status, stdout } = spawnSync(process.execPath, [tsx, 'examples/cookbook/ai-sdk.ts'], {
      cwd: root,
      encoding: 'utf8',
    });

    expect({ status, lines: stdout.trimEnd().split('\n') }).toEqual({
      status: 0,
      lines: [
        "called complete { prompt: 'ocean', seed: 7 }",
        "failed PluginError: the model does not know 'ocean'",
        "called complete { prompt: 'the river', seed: 7 }",
        "returned [ ' and', ' the', ' rain', ' and' ]",
        'The river runs on.',
      ],
    });
  });
});
