import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ServerExecutor } from '../../src/executor/server/server-executor.ts';
import { frameFlag, frameType } from '../../src/protocol/frames.ts';
import { descriptorOf } from '../support/descriptors.ts';
import { failureOf } from '../support/failure.ts';
import { frame, writtenByPython } from '../support/frames.ts';
import { untypedMethod } from '../support/methods.ts';
import { feed } from '../support/server-process.ts';
import { tempFolder } from '../support/temp-folder.ts';

const [facts, loaded, sound, reason] = writtenByPython(
  { version: 1, python: '3.11.7', process: 1, interrupts: true },
  { plugin: 1, file: 'probe.py', methods: ['function'] },
  'sound',
  { reason: 'out of threads', protocolViolation: false },
) as [Buffer, Buffer, Buffer, Buffer];
const request = { plugin: 'probe', folder: '/nowhere', entryModule: 'probe', descriptor: descriptorOf('add') };

/** An executor whose server is this test: it has greeted and loaded a plugin, and answers nothing by itself. */
async function openFakeServer() {
  const path = join(tempFolder(), 'socket');
  const server = createServer().listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const [near, far] = await socketPair(server, path);
  const [control, farControl] = await socketPair(server, path);
  farControl.resume();
  // An answer must not come before its question: first the greeting, then the load.
  far.once('data', () => {
    far.write(frame(frameType.ready, { payload: facts }));
    far.once('data', () => far.write(frame(frameType.returned, { call: 1, payload: loaded })));
  });

  const executor = new ServerExecutor({
    name: 'thread',
    connect: () => ({
      open: (reader) => {
        near.on('data', (chunk: Buffer) => feed(reader, chunk));
        return { data: near, control };
      },
      memory: undefined,
    }),
  });
  const plugin = await executor.load(request);
  return { executor, plugin, far };
}

async function socketPair(server: Server, path: string): Promise<[Socket, Socket]> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = new Socket().connect(path);
  const [far] = await accepted;
  far.on('error', () => {});
  onTestFinished(() => void far.destroy());
  return [near, far];
}

describe('a host whose server lies', () => {
  it.each([
    ['answers a call that nobody made', frame(frameType.returned, { call: 77, payload: sound }), 'call 77'],
    ['sends a frame of an unknown type', frame(99, { call: 2 }), 'type 99'],
    ['announces a frame that cannot be', frame(frameType.returned, { announced: 2 ** 31 }), '2147483648 bytes'],
    [
      'refers to memory that is not shared',
      frame(frameType.returned, { call: 2, flags: frameFlag.byReference, payload: Buffer.alloc(16) }),
      'memory that is not shared',
    ],
  ])('loses its connection, and every call with it, when it %s', async (_what, bytes, words) => {
    const { plugin, far } = await openFakeServer();
    const calls = [1, 2, 3].map(() => failureOf(() => plugin.call(untypedMethod(0), [])));

    far.write(bytes);

    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({ code: 'FIDIUS_WIRE_CORRUPT', message: expect.stringContaining(words) });
    }
    expect((await failureOf(() => plugin.call(untypedMethod(0), []))).code).toBe('FIDIUS_WIRE_CORRUPT');
  });

  it('loses one call alone when its result is garbage', async () => {
    const { plugin, far } = await openFakeServer();
    const [first, second] = [failureOf(() => plugin.call(untypedMethod(0), [])), plugin.call(untypedMethod(0), [])];

    far.write(frame(frameType.returned, { call: 2, payload: Buffer.from('garbage') }));
    far.write(frame(frameType.returned, { call: 3, payload: sound }));

    expect((await first).code).toBe('FIDIUS_WIRE_CORRUPT');
    expect(await second).toBe('sound');
  });

  it('receives the reason why the server has ended', async () => {
    const { plugin, far } = await openFakeServer();
    const call = failureOf(() => plugin.call(untypedMethod(0), []));

    far.write(frame(frameType.failed, { payload: reason }));

    expect(await call).toMatchObject({
      code: 'FIDIUS_EXECUTOR_FAILED',
      message: 'The call server gave up: out of threads',
    });
  });

  it('closes all the same', async () => {
    const { executor, plugin, far } = await openFakeServer();
    const call = failureOf(() => plugin.call(untypedMethod(0), []));
    far.write(frame(99));
    await call;

    await executor.close();

    expect((await failureOf(() => plugin.call(untypedMethod(0), []))).code).toBe('FIDIUS_PLUGIN_CLOSED');
  });

  it('settles every call once, whatever bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (noise) => {
        const { plugin, far } = await openFakeServer();
        const calls = [1, 2, 3].map(() => plugin.call(untypedMethod(0), []));

        far.write(noise);
        far.end();

        const outcomes = await Promise.allSettled(calls);
        expect(outcomes).toHaveLength(3);
      }),
      { numRuns: 30 },
    );
  });
});
