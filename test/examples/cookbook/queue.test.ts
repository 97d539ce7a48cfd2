import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Queue, Worker } from '../../../examples/cookbook/memory-queue.ts';
import { type ReportJob, reportProcessor } from '../../../examples/cookbook/queue-processor.ts';
import { WeatherInsight } from '../../../examples/weather-interface.ts';
import { isFidiusError, type JsonValue, PluginHost } from '../../../src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { root } from '../../support/markdown.ts';
import { writePlugin } from '../../support/plugin-folders.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** Its input is the path of a file: without it, the process crashes, or the call does not end. */
const lines = String.raw`
import os, time

def parse(data):
    path = data.decode()
    mode, marker = path.split(' ')
    if not os.path.exists(marker):
        open(marker, 'w').close()
        if mode == 'crash':
            os._exit(1)
        while True:
            time.sleep(0.01)
    return []

def monthly(days, period):
    return []

def dryspell(days, limit):
    pass

def plot(data):
    pass
`.split('\n');

async function open(mode: 'crash' | 'wait') {
  const searchPath = tempFolder();
  writePlugin(searchPath, `weather-${mode}`, WeatherInsight, ...lines);
  const host = await PluginHost.open({ searchPaths: [searchPath], executor: 'process', onNotice: () => {} });
  onTestFinished(() => host.close({ mode: 'abort' }));
  const { client } = await host.load(`weather-${mode}`, WeatherInsight);
  const [csv, marker] = [join(searchPath, 'job'), join(searchPath, 'marker')];
  writeFileSync(csv, `${mode} ${marker}`);
  const queue = new Queue<ReportJob>();
  const worker = new Worker<ReportJob, JsonValue>(queue, reportProcessor(client));
  onTestFinished(() => worker.close());
  return { csv, marker, queue, worker };
}

describe('examples/cookbook/queue.ts', () => {
  it('prints the results of jobs, and tries again what may pass', () => {
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, 'examples/cookbook/queue.ts'], {
      cwd: root,
      encoding: 'utf8',
    });

    expect({ status, stderr, lines: stdout.trimEnd().split('\n') }).toEqual({
      status: 0,
      stderr: '',
      lines: [
        '1: 12 months of 2013',
        '2: 12 months of 2014',
        '3: no records between 2031-01-01 and 2031-12-31 (attempt 1)',
        "4: ENOENT: no such file or directory, open 'missing.csv' (attempt 1)",
        "4: ENOENT: no such file or directory, open 'missing.csv' (attempt 2)",
      ],
    });
  });
});

describe('examples/cookbook/queue-processor.ts', () => {
  it('lets the queue try a job again whose process has crashed', async () => {
    const { csv, queue, worker } = await open('crash');
    const failures: unknown[] = [];
    worker.on('failed', (_job, error) => failures.push(isFidiusError(error) && error.code));
    const completed = once(worker, 'completed');

    await queue.add('report', { csv, year: 2015 }, { attempts: 2 });

    expect((await completed)[1]).toEqual([]);
    expect(failures).toEqual(['FIDIUS_PROCESS_EXITED']);
  });

  it('stops the call of a job that is cancelled', async () => {
    const { csv, marker, queue, worker } = await open('wait');
    const failed = once(worker, 'failed');
    const { id } = await queue.add('report', { csv, year: 2015 });
    await eventually(() => existsSync(marker), 'the start of the call');

    expect(worker.cancelJob(id, 'no longer needed')).toBe(true);

    expect((await failed)[1]).toMatchObject({ code: 'FIDIUS_CALL_ABORTED', cause: { message: 'no longer needed' } });
  });
});
