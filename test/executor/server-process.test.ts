import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { encodeValue } from '../../src/codec/pickle/encode-value.ts';
import { isPluginError } from '../../src/errors/plugin-error.ts';
import { frameType, maxPayloadBytes } from '../../src/executor/protocol.ts';
import { RemoteExecutor } from '../../src/executor/remote-executor.ts';
import { loadCalls } from '../support/calls.ts';
import { eventually } from '../support/executors.ts';
import { failureOf } from '../support/failure.ts';
import { frame, greeting } from '../support/frames.ts';
import { ServerProcess } from '../support/server-process.ts';

vi.setConfig({ testTimeout: 120_000 });

describe('a server in a separate process', () => {
  /** Nothing but the transport differs from the executor `thread`. */
  const open = async () => {
    const server = new ServerProcess();
    const executor = new RemoteExecutor({ name: 'thread', connect: () => server.transport() });
    return { server, executor, ...(await loadCalls(executor)) };
  };

  it('answers calls of every kind as one in this process does', async () => {
    const { call, plugin, executor } = await open();

    expect(await Promise.all([call('add', [1, 2]), call('add_later', [3, 4]), call('nap', [0.01])])).toEqual([
      3, 7, 0.01,
    ]);
    expect(await call('echo', ['x'.repeat(500_000)])).toHaveLength(500_000);
    await expect(call('fail', ['on purpose'])).rejects.toSatisfy((error) => isPluginError(error));
    expect((await failureOf(() => call('spin', [], { timeoutMs: 300 }))).code).toBe('FIDIUS_CALL_TIMEOUT');
    await eventually(() => plugin.stats().outcomes.stopped === 1);
    expect(plugin.sync()).toBeUndefined();
    await executor.close();
  });

  it('ends when its host closes', async () => {
    const { server, executor } = await open();

    await executor.close();

    expect(await server.exit()).toBe(0);
  });

  it('ends when its host is gone without a word, busy or not', async () => {
    const { server, call } = await open();
    const lost = failureOf(() => call('spin'));

    server.data.destroy();
    server.control.destroy();

    expect((await lost).code).toBe('FIDIUS_EXECUTOR_FAILED');
    expect(await server.exit()).toBe(0);
  });

  it('rejects all pending calls when it dies', async () => {
    const { server, call } = await open();
    const calls = Array.from({ length: 600 }, () => failureOf(() => call('nap', [60])));
    await call('add', [1, 2], { timeoutMs: 30 }).catch(() => {});

    server.child.kill('SIGKILL');

    const codes = new Set((await Promise.all(calls)).map(({ code }) => code));
    expect([...codes]).toEqual(['FIDIUS_EXECUTOR_FAILED']);
    expect((await failureOf(() => call('add', [1, 2]))).code).toBe('FIDIUS_EXECUTOR_FAILED');
  });
});

describe('a server whose host lies', () => {
  /** Sends bytes and takes what comes back until the server ends. */
  async function answerTo(
    ...chunks: readonly Uint8Array[]
  ): Promise<{ exit: unknown; answer: string; stderr: string }> {
    const server = new ServerProcess();
    const answers: Buffer[] = [];
    server.data.on('data', (chunk: Buffer) => answers.push(chunk)).on('error', () => {});
    for (const chunk of chunks) server.data.write(chunk);
    server.data.end();
    const exit = await server.exit();
    return { exit, answer: Buffer.concat(answers).toString('latin1'), stderr: server.stderr };
  }

  it.each([
    ['no greeting', [frame(frameType.call)], 'a greeting of type 2, version 0'],
    ['another version', [frame(frameType.hello, { method: 99, payload: encodeValue({}) })], 'version 99'],
    ['a second greeting', [greeting(), greeting()], 'a second greeting'],
    ['an unknown type', [greeting(), frame(200)], 'a frame of type 200'],
    [
      'an impossible size',
      [greeting(), frame(frameType.call, { announced: maxPayloadBytes + 1 })],
      'a frame of 1073741825',
    ],
    ['a method that the server lacks', [greeting(), frame(frameType.call, { method: 77, call: 1 })], 'IndexError'],
  ])('says so and ends: %s', async (_what, chunks, reason) => {
    const { exit, answer } = await answerTo(...chunks);

    expect(exit).toBe(0);
    expect(answer).toContain(reason);
  });

  it.each([
    ['half a greeting', [greeting().subarray(0, 20)]],
    ['half a call', [greeting(), frame(frameType.call, { announced: 100, call: 1 })]],
    ['a plugin that does not exist', [greeting(), frame(frameType.call, { plugin: 99, call: 1 })]],
    ['arguments that are none', [greeting(), frame(frameType.call, { call: 1, payload: Buffer.from('garbage') })]],
    ['memory it does not share', [greeting(), frame(frameType.call, { call: 1, flags: 4, payload: Buffer.alloc(16) })]],
    ['the release of nothing', [greeting(), frame(frameType.release, { call: 9 })]],
  ])('ends as usual after %s', async (_what, chunks) => {
    const { exit, stderr } = await answerTo(...chunks);

    expect(exit).toBe(0);
    expect(stderr).toBe('');
  });

  it('neither hangs nor crashes over bytes of any kind', async () => {
    for (let round = 0; round < 15; round += 1) {
      const noise = randomBytes(1 + round * 50);
      // Sizes stay small, so that the server does not wait for what never comes.
      for (let at = 2; at + 2 <= noise.length; at += 16) noise.fill(0, at, at + 2);

      const { exit, stderr } = await answerTo(greeting(), noise);

      expect(exit).toBe(0);
      expect(stderr).toBe('');
    }
  });

  it('ends over noise on the control channel', async () => {
    const server = new ServerProcess();
    server.data.write(greeting());
    server.data.resume();
    server.control.write(frame(frameType.call, { call: 1 }));

    expect(await server.exit()).toBe(0);
  });
});
