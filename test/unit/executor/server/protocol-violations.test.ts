import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameFlag, frameType, protocolVersion } from '../../../../src/protocol/frames.ts';
import { descriptorOf } from '../../../support/descriptors.ts';
import { failureOf } from '../../../support/failure.ts';
import { answerLoad, openFakeServer } from '../../support/fake-server.ts';
import { frame, writtenByPython } from '../../support/frames.ts';
import { untypedMethod } from '../../support/methods.ts';

const [facts, loaded, sound, reason, otherVersion, otherFacts] = writtenByPython(
  { version: protocolVersion },
  { plugin: 1, file: 'probe.py', methods: ['function'] },
  'sound',
  { reason: 'out of threads', protocolViolation: false, version: protocolVersion },
  { reason: 'the host uses version 2', protocolViolation: false, version: 7 },
  { version: 7 },
) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
const request = { plugin: 'probe', folder: '/nowhere', entryModule: 'probe', descriptor: descriptorOf('add') };

async function openPlugin() {
  const { executor, far } = await openFakeServer();
  answerLoad(far, facts, loaded);
  return { executor, far, plugin: await executor.load(request) };
}

describe('a host whose server violates the protocol', () => {
  it.each([
    ['answers a call that was not made', frame(frameType.returned, { call: 77, payload: sound }), 'call 77'],
    ['sends a frame of an unknown type', frame(99, { call: 2 }), 'a frame of type 99'],
    ['sends a frame that only hosts send', frame(frameType.call, { call: 2 }), 'a frame "call"'],
    ['answers the handshake again', frame(frameType.ready, { payload: facts }), 'answered the handshake twice'],
    [
      'sends an item for a call without stream',
      frame(frameType.item, { call: 2, plugin: 1, payload: sound }),
      '"item" for call 2',
    ],
    ['grants credit to a call without stream', frame(frameType.credit, { call: 2, plugin: 4 }), '"credit" for call 2'],
    ['grants no credit', frame(frameType.credit, { call: 2 }), '"credit" grants no items'],
    ['ends a stream that does not exist', frame(frameType.end, { call: 2 }), '"end" for call 2'],
    ['calls a host function without naming it', frame(frameType.hostCall, { call: 2 }), 'a host function with 0 bytes'],
    ['reports the progress of no call', frame(frameType.progress, { call: 77 }), 'call 77, which was never made'],
    ['sends flags that an item does not have', frame(frameType.item, { call: 2, flags: 1 }), '"item" has the flags 1'],
    ['announces a frame of an impossible size', frame(frameType.returned, { announced: 2 ** 31 }), '2147483648 bytes'],
    [
      'refers to memory that is not shared',
      frame(frameType.returned, { call: 2, flags: frameFlag.byReference, payload: Buffer.alloc(16) }),
      'memory that is not shared',
    ],
  ])('loses its connection, and every call with it, when it %s', async (_what, bytes, words) => {
    const { plugin, far } = await openPlugin();
    const calls = [1, 2, 3].map(() => failureOf(() => plugin.call(untypedMethod(0), [])));

    far.write(bytes);

    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({ code: 'FIDIUS_WIRE_CORRUPT', message: expect.stringContaining(words) });
    }
    expect((await failureOf(() => plugin.call(untypedMethod(0), []))).code).toBe('FIDIUS_WIRE_CORRUPT');
  });

  it('loses one call alone when its result is garbage', async () => {
    const { plugin, far } = await openPlugin();
    const [first, second] = [failureOf(() => plugin.call(untypedMethod(0), [])), plugin.call(untypedMethod(0), [])];

    far.write(frame(frameType.returned, { call: 2, payload: Buffer.from('garbage') }));
    far.write(frame(frameType.returned, { call: 3, payload: sound }));

    expect((await first).code).toBe('FIDIUS_WIRE_CORRUPT');
    expect(await second).toBe('sound');
  });

  it('receives the reason why the server has ended', async () => {
    const { plugin, far } = await openPlugin();
    const call = failureOf(() => plugin.call(untypedMethod(0), []));

    far.write(frame(frameType.failed, { payload: reason }));

    expect(await call).toMatchObject({
      code: 'FIDIUS_EXECUTOR_FAILED',
      message: expect.stringMatching(/^\w+\(\) of \w+: The call server failed: out of threads$/),
    });
  });

  it.each([
    ['answers the handshake with', frameType.ready, otherFacts],
    ['rejects the handshake because of', frameType.failed, otherVersion],
  ])('rejects the load when the server %s another version of the protocol', async (_what, type, payload) => {
    const { executor, far } = await openFakeServer();
    far.once('data', () => far.write(frame(type, { payload })));

    expect(await failureOf(() => executor.load(request))).toMatchObject({
      code: 'FIDIUS_EXECUTOR_FAILED',
      message: 'The call server uses version 7 of the protocol, expected version 2',
    });
  });

  it('closes all the same', async () => {
    const { executor, plugin, far } = await openPlugin();
    const call = failureOf(() => plugin.call(untypedMethod(0), []));
    far.write(frame(99));
    await call;

    await executor.close();

    expect((await failureOf(() => plugin.call(untypedMethod(0), []))).code).toBe('FIDIUS_PLUGIN_CLOSED');
  });

  it('settles every call once, whatever bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (noise) => {
        const { plugin, far } = await openPlugin();
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
