import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FrameWriter } from '../../../../src/executor/server/frame-writer.ts';
import { frameType } from '../../../../src/protocol/frames.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { frame } from '../../support/frames.ts';

/** Both ends of a connection. Nothing is read from the far one automatically. */
async function connection(): Promise<[near: Socket, far: Socket]> {
  const path = join(tempFolder(), 'socket');
  const server = createServer({ pauseOnConnect: true }).listen(path);
  await once(server, 'listening');
  const near = connect(path);
  const [far] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    for (const end of [near, far]) end.destroy();
    server.close();
  });
  return [near, far];
}

it.each([
  ['short frames', 64],
  ['frames of several kilobytes', 5000],
  ['frames larger than its first buffer', 100_000],
  ['frames larger than what it keeps', 1_500_000],
])('sends %s as they were, also when the other side reads late', async (_what, size) => {
  const [near, far] = await connection();
  const outbox = new FrameWriter(near);
  const payload = (call: number) => Buffer.alloc(size, call % 251);
  const expected: Buffer[] = [];
  const count = Math.max(20, Math.ceil(4_000_000 / size));

  // What the system does not take is still waiting while the next frames are collected.
  for (let call = 1; call <= count; call += 1) {
    outbox.add(frameType.call, 0, 0, call, 1, payload(call));
    expected.push(frame(frameType.call, { call, plugin: 1, payload: payload(call) }));
    if (call % 3 === 0) outbox.flush();
  }
  outbox.flush();
  expect(near.writableLength).toBeGreaterThan(0);
  near.end();
  const received: Buffer[] = [];
  for await (const chunk of far) received.push(chunk as Buffer);

  expect(Buffer.compare(Buffer.concat(received), Buffer.concat(expected))).toBe(0);
});

it('sends what was added in one turn of the event loop by itself', async () => {
  const [near, far] = await connection();
  const outbox = new FrameWriter(near);

  for (const call of [1, 2]) outbox.add(frameType.release, 0, 0, call, 0, new Uint8Array());
  const [chunk] = (await once(far.resume(), 'data')) as [Buffer];

  expect(chunk).toEqual(Buffer.concat([1, 2].map((call) => frame(frameType.release, { call }))));
});
