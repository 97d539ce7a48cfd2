import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CallProgress, defineInterface, type ExecutorName, method, PluginHost, t } from '../../src/index.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Worker = defineInterface('Worker', {
  version: 1,
  methods: {
    work: method({ steps: t.u32 }, t.u32),
    work_later: method({ steps: t.u32 }, t.u32),
    items: method({ steps: t.u32 }, t.stream(t.u32)),
    odd: method({}, t.list(t.string)),
    beside: method({}, t.u32),
  },
});

const lines = String.raw`
import asyncio, threading
import fidius

def work(steps):
    for n in range(1, steps + 1):
        fidius.progress(n / steps, 'step %d' % n)
    return steps

async def work_later(steps):
    for n in range(1, steps + 1):
        await asyncio.sleep(0)
        fidius.progress(n / steps)
    return steps

def items(steps):
    for n in range(steps):
        fidius.progress(message='item %d' % n)
        yield n

def odd():
    found = []
    for arguments in ((2,), (-0.1,), (float('nan'),), ('half',), (True,), (0.5, 7)):
        try: fidius.progress(*arguments)
        except Exception as error: found.append('%s: %s' % (type(error).__name__, error))
    fidius.progress(0, '\ud800 text')
    return found

def beside():
    thread = threading.Thread(target=lambda: fidius.progress(0.5))
    thread.start()
    thread.join()
    return 1
`.split('\n');

async function load(executor: ExecutorName) {
  const searchPath = tempFolder();
  const name = `worker_${executor}`;
  const folder = writePlugin(searchPath, name, Worker, ...lines);
  const host = await PluginHost.open({ searchPaths: [searchPath], executor });
  onTestFinished(() => host.close({ mode: 'abort' }));
  const reports: CallProgress[] = [];
  const { client } = await host.load(name, Worker);
  return { client, reports, onProgress: (report: CallProgress) => reports.push(report), name, folder, searchPath };
}

describe.each(['thread', 'process'] as const)('the progress of a call, with the executor %s,', (executor) => {
  it('is reported by functions, coroutines and generators, in its order', async () => {
    const { client, reports, onProgress } = await load(executor);

    expect(await client.work(4, { onProgress })).toBe(4);
    expect(reports.splice(0)).toEqual([
      { fraction: 0.25, message: 'step 1' },
      { fraction: 0.5, message: 'step 2' },
      { fraction: 0.75, message: 'step 3' },
      { fraction: 1, message: 'step 4' },
    ]);
    await client.work_later(2, { onProgress });
    expect(reports.splice(0)).toEqual([
      { fraction: 0.5, message: undefined },
      { fraction: 1, message: undefined },
    ]);
    for await (const _ of client.items(2, { onProgress })) reports.push({ fraction: undefined, message: 'taken' });
    expect(reports.filter(({ message }) => message !== 'taken')).toEqual([
      { fraction: undefined, message: 'item 0' },
      { fraction: undefined, message: 'item 1' },
    ]);
  });

  it('belongs to its own call', async () => {
    const { client } = await load(executor);

    const found = await Promise.all(
      [3, 5, 7].map(async (steps) => {
        const own: (number | undefined)[] = [];
        await client.work(steps, { onProgress: ({ fraction }) => own.push(fraction) });
        return own.length;
      }),
    );

    expect(found).toEqual([3, 5, 7]);
  });

  it('is published on a diagnostics channel', async () => {
    const { client, name } = await load(executor);
    const events: unknown[] = [];
    const listener = (event: unknown) => void events.push(event);
    subscribe('fidius:progress', listener);
    onTestFinished(() => void unsubscribe('fidius:progress', listener));

    await client.work(1);

    expect(events).toEqual([{ plugin: name, interface: 'Worker', method: 'work', fraction: 1, message: 'step 1' }]);
  });

  it('is refused in Python if it is none', async () => {
    const { client, reports, onProgress } = await load(executor);

    expect(await client.odd({ onProgress })).toEqual([
      'ValueError: fraction must be from 0 to 1, got 2.0',
      'ValueError: fraction must be from 0 to 1, got -0.1',
      'ValueError: fraction must be from 0 to 1, got nan',
      "TypeError: fraction must be a number from 0 to 1, got 'half'",
      'TypeError: fraction must be a number from 0 to 1, got True',
      'TypeError: message must be a str, got 7',
    ]);
    expect(reports).toEqual([{ fraction: 0, message: '? text' }]);
  });

  it('is not reported by a thread of the plugin, which runs no call', async () => {
    const { client, reports, onProgress } = await load(executor);

    expect(await client.beside({ onProgress })).toBe(1);
    expect(reports).toEqual([]);
  });

  it('needs a function to receive it', async () => {
    const { client } = await load(executor);

    await expect(client.work(1, { onProgress: 'log' as never })).rejects.toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
      message: expect.stringContaining('must be a function, got "log"'),
    });
  });
});

describe('the progress of a call', () => {
  it('is ignored by calls on this thread', async () => {
    const { client, reports, onProgress } = await load('inline');

    expect(await client.work(2, { onProgress })).toBe(2);
    expect(reports).toEqual([]);
  });

  it('is shown by the command line', async () => {
    const { searchPath, name } = await load('thread');

    const { exitCode, stdout, stderr } = await fidiusIn(searchPath, [
      'run',
      name,
      'work',
      '2',
      '--executor',
      'process',
    ]);

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '2\n' });
    expect(stderr).toContain('work() [##########..........] 50 % step 1\nwork() [####################] 100 % step 2\n');
  });
});
