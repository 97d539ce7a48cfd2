import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isPluginError, loadPythonPlugin } from '../../src/index.ts';
import { descriptorOf } from '../support/descriptors.ts';
import { failureOf } from '../support/failure.ts';
import { runIsolated } from '../support/isolated.ts';
import { moduleText, writePackage } from '../support/plugin-folders.ts';

const folder = fileURLToPath(new URL('../fixtures/plugins/calls', import.meta.url));
const methods = ['add', 'spin', 'nap', 'search_in_vain', 'swallow', 'fail', '!flip'] as const;
const handle = await loadPythonPlugin(folder, descriptorOf(...methods));

const call = (method: (typeof methods)[number], args: readonly unknown[], timeoutMs?: number): unknown =>
  handle.callTyped(methods.indexOf(method), args, { timeoutMs });

let probes = 0;

/** Loads a module with a method `work`; calls it with a deadline or without. */
async function loadHere(lines: readonly string[]): Promise<(timeoutMs?: number) => unknown> {
  probes += 1;
  const entryModule = `deadline_probe_${probes}`;
  const folder = writePackage({ entryModule, files: { [`${entryModule}.py`]: moduleText(...lines) } });
  const probe = await loadPythonPlugin(folder, descriptorOf('work'));
  return (timeoutMs) => probe.callTyped(0, [], { timeoutMs });
}

/** Time is what a deadline promises. */
function durationOf(attempt: () => unknown): number {
  const started = performance.now();
  attempt();
  return performance.now() - started;
}

describe.runIf(process.platform === 'linux')('a call on this thread with a deadline', () => {
  it.each([
    ['code that runs for ever', 'spin', []],
    ['code that waits', 'nap', [30]],
    ['a regular expression that holds the lock', 'search_in_vain', [60]],
  ] as const)('is interrupted in %s', async (_what, method, args) => {
    const error = await failureOf(() => call(method, args, 50));

    expect(error).toMatchObject({
      code: 'FIDIUS_CALL_TIMEOUT',
      message: `${method}() of calls timed out after 50 ms`,
    });
  });

  it('is left alone before its time is over', () => {
    expect(call('add', [1, 2], 10_000)).toBe(3);
    expect(call('nap', [0.1], 10_000)).toBe(0.1);
    expect(call('add', [1, 2], Number.POSITIVE_INFINITY)).toBe(3);
    expect(handle.callRaw(methods.indexOf('!flip'), Uint8Array.of(1, 2), { timeoutMs: 10_000 })).toEqual(
      Uint8Array.of(2, 1),
    );
  });

  it('does not pass its end on to the next call', () => {
    for (let round = 0; round < 200; round += 1) {
      try {
        call('nap', [0.001], 1);
      } catch {
        // in time or too late: both happen
      }
      expect(call('add', [round, 1], 10_000)).toBe(round + 1);
      expect(call('add', [round, 2])).toBe(round + 2);
    }
  });

  it('is left alone when the signal of an earlier deadline comes late', async () => {
    const probe = await loadHere([
      'import signal, sys',
      'def work():',
      '    [number] = sys.modules["fidius_host.process.own_settings"].signals',
      '    for _ in range(20): signal.raise_signal(number)',
      '    return "whole"',
    ]);

    expect(probe(10_000)).toBe('whole');
    expect(probe()).toBe('whole');
  });

  it('is interrupted when code of the standard library comes back to the package', async () => {
    const probe = await loadHere([
      'import threading',
      'waited = []',
      'def work():',
      '    while True:',
      '        threading.Event().wait(0.2)',
      '        waited.append(True)',
    ]);

    expect(() => probe(50)).toThrow('timed out after 50 ms');
  });

  it('is interrupted while a library waits that holds no lock', async () => {
    const probe = await loadHere([
      'import socket, urllib.request',
      'server = socket.socket()',
      'server.bind(("127.0.0.1", 0))',
      'server.listen()',
      'def work(): urllib.request.urlopen("http://127.0.0.1:%d" % server.getsockname()[1])',
    ]);

    expect(() => probe(50)).toThrow('timed out after 50 ms');
  });

  it('still raises what the method raised', async () => {
    expect(() => call('fail', ['on purpose'], 10_000)).toThrow(
      expect.toSatisfy((error) => isPluginError(error) && error.message === 'on purpose'),
    );
  });

  it('gives the result of a method that holds out against the interruption', () => {
    expect(call('swallow', [1], 30)).toBe(1);
  });

  it.each([0, -1, Number.NaN, 2 ** 31, '1'])('is refused when the deadline is %o', async (timeoutMs) => {
    const error = await failureOf(() => call('add', [1, 2], timeoutMs as number));

    expect(error).toMatchObject({ code: 'FIDIUS_OPTION_INVALID', message: expect.stringContaining('timeoutMs must') });
  });

  it('is over within milliseconds of its deadline', async () => {
    const late = durationOf(() => expect(() => call('nap', [30], 100)).toThrow('timed out after 100 ms'));

    expect(late).toBeGreaterThan(95);
    expect(late).toBeLessThan(2000);
  });
});

it('refuses a deadline by name where it cannot be kept', async () => {
  const outcome = await runIsolated('deadline-in-worker.ts', { timeoutMs: 60_000 });

  expect(outcome).toMatchObject({ exitCode: 0, timedOut: false });
  expect(outcome.stdout).toContain(
    'FIDIUS_CALL_SYNC_TIMEOUT: search_path() of observer: A call on this thread cannot have a deadline: it is made on a worker thread',
  );
}, 90_000);
