import { readFile } from 'node:fs/promises';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { PluginHost } from 'fidius';
import { traceFidius } from './fidius-spans.ts';
import { WeatherInsight } from './weather-interface.ts';

// What a program with OpenTelemetry sets up anyway; an exporter of yours goes where this one keeps spans in memory.
const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const tracer = trace.getTracer('weather');

traceFidius(tracer);

await using host = await PluginHost.open({ searchPaths: [`${import.meta.dirname}/plugins`] });
const { client, sync } = await host.load('weather-insight', WeatherInsight);
const days = await client.parse(await readFile(`${import.meta.dirname}/data/seattle-weather.csv`));

// Both at once: each call still becomes a child of its own report.
await Promise.all(['2014', '2031'].map((year) => report(year).catch(() => undefined)));

async function report(year: string): Promise<void> {
  await tracer.startActiveSpan(`report ${year}`, async (span) => {
    try {
      await client.monthly(days, { first: `${year}-01-01`, last: `${year}-12-31` });
      sync.dryspell(days, 0);
    } finally {
      span.end();
    }
  });
}

const spans = exporter.getFinishedSpans().toSorted((a, b) => a.name.localeCompare(b.name));
for (const root of spans.filter(({ parentSpanContext }) => parentSpanContext === undefined)) {
  console.log(root.name);
  for (const { name, parentSpanContext, attributes, events } of spans) {
    if (parentSpanContext?.spanId !== root.spanContext().spanId) continue;
    const raised = events.map((event) => `, ${String(event.attributes?.['exception.message'])}`);
    console.log(`  ${name} (${String(attributes['fidius.executor'])})${raised.join('')}`);
  }
}
