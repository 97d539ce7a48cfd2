import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { traceFidius } from '../../examples/fidius-spans.ts';
import { WeatherInsight } from '../../examples/weather-interface.ts';
import { PluginHost } from '../../src/index.ts';
import { readBlocks, root } from '../support/markdown.ts';

const exporter = new InMemorySpanExporter();
const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer('test');
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const host = await PluginHost.open({ searchPaths: [join(root, 'examples/plugins')] });
const { client, sync } = await host.load('weather-insight', WeatherInsight);
const csv = readFileSync(join(root, 'examples/data/seattle-weather.csv'));
const days = sync.parse(csv);
const nextYear = { first: '2031-01-01', last: '2031-12-31' };
afterAll(() => host.close());
beforeEach(() => exporter.reset());

/** Finished spans while `body` was traced; each span that it opens is ended by itself. */
async function spansOf(body: () => Promise<void>): Promise<readonly ReadableSpan[]> {
  const stop = traceFidius(tracer);
  await body().finally(stop);
  return exporter.getFinishedSpans();
}

const within = <T>(name: string, body: (span: Span) => Promise<T>): Promise<T> =>
  tracer.startActiveSpan(name, (span) => body(span).finally(() => span.end()));

function parentOf(spans: readonly ReadableSpan[], span: ReadableSpan | undefined): string | undefined {
  return spans.find((each) => each.spanContext().spanId === span?.parentSpanContext?.spanId)?.name;
}

describe('examples/fidius-spans.ts', () => {
  it('makes each call a child of the span that was active where it was made, however many are under way', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `request ${index}`);

    const spans = await spansOf(async () => {
      await Promise.all(
        names.map((name) =>
          within(name, async () => {
            await new Promise(setImmediate);
            await client.dryspell(days, 0);
            sync.dryspell(days, 0);
          }),
        ),
      );
    });

    const calls = spans.filter(({ name }) => name === 'weather-insight.dryspell');
    expect(calls).toHaveLength(40);
    const parents = calls.map((call) => parentOf(spans, call));
    expect(names.map((name) => parents.filter((parent) => parent === name).length)).toEqual(names.map(() => 2));
  });

  it('ends a span when its call is settled, many turns of the event loop later', async () => {
    const spans = await spansOf(() =>
      within('request', async (request) => {
        await Promise.all([client.parse(csv), client.plot(csv)]);
        expect(trace.getActiveSpan()).toBe(request);
      }),
    );

    const [parse, plot] = ['parse', 'plot'].map((name) =>
      spans.find((span) => span.name === `weather-insight.${name}`),
    );
    for (const span of [parse, plot]) {
      expect(parentOf(spans, span)).toBe('request');
      expect(span?.ended).toBe(true);
      expect(span?.attributes).toMatchObject({
        'fidius.plugin': 'weather-insight',
        'fidius.executor': 'thread',
        'fidius.queue_ms': expect.any(Number),
        'fidius.run_ms': expect.any(Number),
        'fidius.request_bytes': expect.any(Number),
        'fidius.response_bytes': expect.any(Number),
      });
    }
  });

  it('makes a call without active span the beginning of a trace', async () => {
    const spans = await spansOf(async () => void (await client.dryspell(days, 0)));

    expect(spans.map(({ parentSpanContext }) => parentSpanContext)).toEqual([undefined]);
  });

  it('says of a call that failed what it failed with', async () => {
    const spans = await spansOf(() =>
      within('request', async () => void (await client.monthly(days, nextYear).catch(() => undefined))),
    );

    const call = spans.find(({ name }) => name === 'weather-insight.monthly');
    const message = 'no records between 2031-01-01 and 2031-12-31';
    expect(call?.status).toEqual({ code: SpanStatusCode.ERROR, message });
    expect(call?.events.map(({ name }) => name)).toEqual(['exception']);
  });

  it('makes loading a child of the span that was active where it was asked for', async () => {
    const spans = await spansOf(() =>
      within('start', async () => {
        await using second = await PluginHost.open({ searchPaths: [join(root, 'examples/plugins')] });
        await second.load('weather-insight', WeatherInsight);
      }),
    );

    const load = spans.find(({ name }) => name === 'load WeatherInsight');
    expect(parentOf(spans, load)).toBe('start');
    expect(load?.attributes).toEqual({ 'fidius.plugin': 'weather-insight', 'fidius.executor': 'thread' });
  });

  it('makes no spans after it was ended, nor for calls that began before it listened', async () => {
    const early = client.parse(csv);

    const spans = await spansOf(async () => void (await early));
    await client.parse(csv);

    expect(spans).toEqual([]);
  });
});

describe('examples/tracing.ts', () => {
  it('prints what docs/how-to/tracing.md says', () => {
    const path = 'docs/how-to/tracing.md';
    const blocks = readBlocks([{ path, text: readFileSync(join(root, path), 'utf8') }]);
    const shown = blocks.findLast(({ language }) => language === 'text');
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');

    const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, 'examples/tracing.ts'], {
      cwd: root,
      encoding: 'utf8',
    });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(shown?.code);
  });
});
