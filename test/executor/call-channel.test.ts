import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import type { CallEvent } from '../../src/executor/call-channel.ts';
import { executorNames } from '../../src/executor/executor.ts';
import { flipIndex, loadCalls } from '../support/calls.ts';
import { recordEvents } from '../support/channel-events.ts';
import { eventually, openExecutor } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';

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
    const { call, plugin } = await loadCalls(openExecutor(), { maxConcurrent: 1 });
    const events = recordEvents<CallEvent>('fidius:call');

    await Promise.all(Array.from({ length: 260 }, () => call('nap', [0.001])));
    await plugin.callRaw(flipIndex, new Uint8Array(1000));

    const ends = events.filter(({ phase }) => phase === 'end');
    expect(ends).toHaveLength(261);
    for (const { runMs } of ends.slice(0, 260)) expect(runMs).toBeGreaterThanOrEqual(1);
    expect(ends[0]?.queueMs).toBeLessThan(ends[259]?.queueMs ?? 0);
    expect(ends[260]).toMatchObject({ method: 'flip', requestBytes: 1000, responseBytes: 1000 });
  });

  it('tells what became of a call that was given up', async () => {
    const { call } = await loadCalls(openExecutor());
    const events = recordEvents<CallEvent>('fidius:call');

    await failureOf(() => call('spin', [], { timeoutMs: 30 }));
    await eventually(() => events.length === 3);

    expect(events.map(({ phase }) => phase)).toEqual(['start', 'error', 'outcome']);
    expect(events[2]).toMatchObject({ method: 'spin', outcome: 'stopped' });
  });
});
