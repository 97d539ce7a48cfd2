import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CallEvent, executorNames, PluginHost } from '../../src/index.ts';
import { loadCalls } from '../support/calls.ts';
import { recordEvents } from '../support/channel-events.ts';
import { eventually } from '../support/eventually.ts';
import { openExecutor } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter } from '../support/greeter.ts';
import { writeGreeter } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe.each(executorNames)('the channel fidius:call, with the executor %s,', (executor) => {
  it('tells start and end of a call, with times and sizes', async () => {
    const { call } = await loadCalls(openExecutor(executor));
    const events = recordEvents<CallEvent>('fidius:call');

    await call('nap', [0.05]);

    const subject = { executor, plugin: 'calls', interface: 'Probe', method: 'nap', index: 4, id: events[0]?.id };
    expect(events).toHaveLength(2);
    expect(events[0]).toMatchObject({ phase: 'start', ...subject });
    expect(events[1]).toMatchObject({ phase: 'end', ...subject });
    expect(events[1]?.durationMs).toBeGreaterThanOrEqual(49);
  });

  it('tells what a call ended with that failed', async () => {
    const { call } = await loadCalls(openExecutor(executor));
    const events = recordEvents<CallEvent>('fidius:call');

    const error: unknown = await call('fail', ['on purpose']).catch((raised: unknown) => raised);

    expect(events.map(({ phase }) => phase)).toEqual(['start', 'error']);
    expect(events[1]?.error).toBe(error);
  });

  it('publishes start and error of a call that was rejected before it began, and no outcome', async () => {
    const { call, plugin } = await loadCalls(openExecutor(executor));
    const events = recordEvents<CallEvent>('fidius:call');

    const wrong = await failureOf(() => call('echo', [Symbol('no value')]));
    const aborted = await failureOf(() => call('add', [1, 2], { signal: AbortSignal.abort() }));

    expect(events.map(({ phase, method, error }) => ({ phase, method, error }))).toEqual([
      { phase: 'start', method: 'echo' },
      { phase: 'error', method: 'echo', error: wrong },
      { phase: 'start', method: 'add' },
      { phase: 'error', method: 'add', error: aborted },
    ]);
    expect(plugin.stats()).toMatchObject({ succeeded: 0, cancelled: 1, outcomes: { stopped: 0 } });
  });

  it('tells the sizes of a raw call', async () => {
    const { call } = await loadCalls(openExecutor(executor));
    const events = recordEvents<CallEvent>('fidius:call');

    await call('flip', [new Uint8Array(1000)]);

    expect(events.map(({ requestBytes }) => requestBytes)).toEqual([1000, 1000]);
    expect(events[1]?.responseBytes).toBe(1000);
  });

  it('tells of a raw call whose argument is not bytes', async () => {
    const { call } = await loadCalls(openExecutor(executor));
    const events = recordEvents<CallEvent>('fidius:call');

    const error = await failureOf(() => call('flip', ['text']));

    expect(error.code).toBe('FIDIUS_VALUE_ARGUMENT');
    expect(events.map(({ phase, method: name, error: told }) => ({ phase, method: name, error: told }))).toEqual([
      { phase: 'start', method: 'flip' },
      { phase: 'error', method: 'flip', error },
    ]);
  });

  it('publishes the start where the caller is, so that a listener finds the context of the call', async () => {
    const { call } = await loadCalls(openExecutor(executor));
    const storage = new AsyncLocalStorage<string>();
    const contexts: (string | undefined)[] = [];
    const listener = (event: unknown) => {
      if ((event as CallEvent).phase === 'start') contexts.push(storage.getStore());
    };
    subscribe('fidius:call', listener);

    await Promise.all(['a', 'b'].map((name) => storage.run(name, () => call('add', [1, 2]))));

    unsubscribe('fidius:call', listener);
    expect(contexts).toEqual(['a', 'b']);
  });
});

describe('the channel fidius:call', () => {
  it('tells how long a call waited and ran, and how much crossed', async () => {
    const { call } = await loadCalls(openExecutor(), { maxConcurrent: 1 });
    const events = recordEvents<CallEvent>('fidius:call');

    await Promise.all(Array.from({ length: 260 }, () => call('nap', [0.001])));

    const ends = events.filter(({ phase }) => phase === 'end');
    expect(ends).toHaveLength(260);
    for (const { runMs } of ends) expect(runMs).toBeGreaterThanOrEqual(1);
    expect(ends[0]?.queueMs).toBeLessThan(ends[259]?.queueMs ?? 0);
    expect(ends[0]?.requestBytes).toBeGreaterThan(0);
    expect(ends[0]?.responseBytes).toBeGreaterThan(0);
  });

  it('counts the whole time of a call that was cancelled in the queue as waiting', async () => {
    const { call } = await loadCalls(openExecutor(), { maxConcurrent: 1 });
    const sent = Promise.allSettled(Array.from({ length: 256 }, () => call('nap', [0.2], { timeoutMs: 100 })));
    const events = recordEvents<CallEvent>('fidius:call');

    await failureOf(() => call('add', [1, 2], { timeoutMs: 30 }));

    expect(events.map(({ phase, outcome }) => outcome ?? phase)).toEqual(['start', 'error', 'neverRan']);
    expect(events[1]?.queueMs).toBeGreaterThanOrEqual(29);
    expect(events[1]?.queueMs).toBe(events[1]?.durationMs);
    await sent;
  });

  it('publishes the outcome of a cancelled call', async () => {
    const { call } = await loadCalls(openExecutor());
    const events = recordEvents<CallEvent>('fidius:call');

    await failureOf(() => call('spin', [], { timeoutMs: 300 }));
    await eventually(() => events.length === 3);

    expect(events.map(({ phase }) => phase)).toEqual(['start', 'error', 'outcome']);
    expect(events[2]).toMatchObject({ method: 'spin', outcome: 'stopped' });
  });

  it.runIf(process.platform === 'linux')('tells what a deadline stopped on this thread, and counts it', async () => {
    const { call, plugin } = await loadCalls(openExecutor('inline'));
    const events = recordEvents<CallEvent>('fidius:call');

    await failureOf(() => call('spin', [], { timeoutMs: 30 }));

    expect(events.map(({ phase, outcome }) => outcome ?? phase)).toEqual(['start', 'error', 'stopped']);
    expect(plugin.stats()).toMatchObject({ failed: 0, cancelled: 1, outcomes: { stopped: 1 } });
  });

  it('tells of calls through `sync` as well', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    const host = await PluginHost.open({ searchPaths: [folder] });
    onTestFinished(() => host.close());
    const { sync } = await host.load('greeter', Greeter);
    const events = recordEvents<CallEvent>('fidius:call');

    sync.greet('you');
    expect(() => sync.greet(1 as unknown as string)).toThrow('name');

    const subject = { executor: 'inline', plugin: 'greeter', interface: 'Greeter', method: 'greet', index: 0 };
    expect(events).toMatchObject([
      { phase: 'start', ...subject },
      { phase: 'end', ...subject, queueMs: expect.any(Number), durationMs: expect.any(Number) },
      { phase: 'start', ...subject },
      { phase: 'error', ...subject, error: { code: 'FIDIUS_VALUE_ARGUMENT' } },
    ]);
  });
});
