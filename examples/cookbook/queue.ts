import { once } from 'node:events';
import { PluginHost } from 'fidius';
import { WeatherInsight } from '../weather-interface.ts';
import { Queue, Worker } from './memory-queue.ts'; // in a program: from 'bullmq'
import { type ReportJob, reportProcessor } from './queue-processor.ts';

await using host = await PluginHost.open({ searchPaths: [`${import.meta.dirname}/../plugins`], executor: 'process' });
const { client } = await host.load('weather-insight', WeatherInsight, {
  process: { instances: 2 }, // as many as the worker runs at a time
  timeoutMs: 60_000,
});

const queue = new Queue<ReportJob>();
const csv = `${import.meta.dirname}/../data/seattle-weather.csv`;
for (const year of [2013, 2014, 2031]) await queue.add('report', { csv, year }, { attempts: 3 });
await queue.add('report', { csv: 'missing.csv', year: 2013 }, { attempts: 2 });

const worker = new Worker(queue, reportProcessor(client), { concurrency: 2 });
const lines: string[] = [];
worker.on('completed', ({ id, data }, months) =>
  lines.push(`${id}: ${(months as unknown[]).length} months of ${data.year}`),
);
worker.on('failed', ({ id, attemptsMade }, error) => lines.push(`${id}: ${error.message} (attempt ${attemptsMade})`));

await once(worker, 'drained');
await worker.close();
console.log(lines.toSorted().join('\n'));
