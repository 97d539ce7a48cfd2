import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createWeatherServer } from '../../../examples/cookbook/express-server.ts';
import { WeatherInsight } from '../../../examples/weather-interface.ts';
import { type OutputEvent, PluginHost } from '../../../src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { root } from '../../support/markdown.ts';
import { writePlugin } from '../../support/plugin-folders.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const csv = readFileSync(join(root, 'examples/data/seattle-weather.csv'));

async function serve(searchPath = join(root, 'examples/plugins')) {
  const output: OutputEvent[] = [];
  const host = await PluginHost.open({
    searchPaths: [searchPath],
    onOutput: (event) => output.push(event),
  });
  onTestFinished(() => host.close({ mode: 'abort' }));
  const server = await createWeatherServer(host);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const months = (year: string, body: Buffer = csv) =>
    fetch(`${address}/months/${year}`, { method: 'POST', headers: { 'content-type': 'text/csv' }, body });
  return { address, host, months, output };
}

/** Methods of which parse() does not end. */
const endless = [
  'import time',
  'def parse(data):',
  '    open(data.decode(), "w").close()',
  '    while True: time.sleep(0.01)',
  'def monthly(days, period): pass',
  'def dryspell(days, limit): pass',
  'def plot(data): pass',
];

describe('examples/cookbook/express-server.ts', () => {
  it('answers requests that come together with what the plugin returns, from two processes', async () => {
    const { address, months } = await serve();

    const responses = await Promise.all(['2012', '2013', '2014', '2015'].map((year) => months(year)));
    const bodies = (await Promise.all(responses.map((response) => response.json()))) as { month: string }[][];

    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(bodies.map((list) => list[0]?.month)).toEqual(['2012-01', '2013-01', '2014-01', '2015-01']);
    expect(await (await fetch(`${address}/health`)).json()).toEqual({ processes: ['ready', 'ready'] });
  });

  it('answers while one of the processes is started again', async () => {
    const { host, months } = await serve();
    const { processes = [] } = host.stats().plugins.find(({ plugin }) => plugin === 'weather-insight') ?? {};

    process.kill(processes[0]?.pid ?? 0, 'SIGKILL');
    await eventually(() => {
      const { processes: now = [] } = host.stats().plugins.find(({ plugin }) => plugin === 'weather-insight') ?? {};
      return now.some(({ crashes }) => crashes > 0);
    }, 'the end of the process');

    expect((await months('2014')).status).toBe(200);
    expect(processes.length).toBe(2);
  });

  it('answers with the error of the plugin, and without its traceback', async () => {
    const { months } = await serve();

    const response = await months('2031');

    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({
      code: 'EMPTY_PERIOD',
      message: 'no records between 2031-01-01 and 2031-12-31',
      details: {
        period: { first: '2031-01-01', last: '2031-12-31' },
        records: { first: '2012-01-01', last: '2015-12-31' },
      },
    });
  });

  it('stops the call of a client that has left', async () => {
    const searchPath = tempFolder();
    const started = join(searchPath, 'started');
    cpSync(join(root, 'examples/plugins/text-model'), join(searchPath, 'text-model'), { recursive: true });
    writePlugin(searchPath, 'weather-insight', WeatherInsight, ...endless);
    const { address, host } = await serve(searchPath);
    const client = new AbortController();
    const init = { method: 'POST', headers: { 'content-type': 'text/csv' }, body: started, signal: client.signal };
    const response = fetch(`${address}/months/2015`, init);
    await eventually(() => existsSync(started), 'the start of the call');

    client.abort();

    await expect(response).rejects.toThrow('This operation was aborted');
    await eventually(() => host.stats().plugins.some(({ outcomes }) => outcomes.stopped === 1), 'the end of the call');
  });

  it('streams tokens until the client leaves, which ends the generator', async () => {
    const { address, output } = await serve();
    const client = new AbortController();

    const response = await fetch(`${address}/texts/the%20river`, { signal: client.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (text.length < 40) text += (await reader?.read())?.value ?? '';
    client.abort();

    expect(text).toMatch(/^( [a-z]+)+/);
    await eventually(() => output.some((event) => event.text === 'model free'), 'the end of the generator');
  });

  it('answers with a status if the first token fails', async () => {
    const { address } = await serve();

    const response = await fetch(`${address}/texts/ocean`);

    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 422,
      body: { code: 'UNKNOWN_WORD', message: "the model does not know 'ocean'", details: { word: 'ocean' } },
    });
  });
});

describe('examples/cookbook/express.ts', () => {
  it('serves until it receives a signal, and ends with the exit code 0', async () => {
    const server = spawn(process.execPath, ['--import', 'tsx', 'examples/cookbook/express.ts'], {
      cwd: root,
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void server.kill('SIGKILL'));
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];

    const address = line.replace('Listening on ', '');
    expect((await fetch(`${address}/health`)).status).toBe(200);
    server.kill('SIGTERM');

    expect(await once(server, 'exit')).toEqual([0, null]);
  });
});
