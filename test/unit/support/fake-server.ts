import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ServerExecutor } from '../../../src/executor/server/server-executor.ts';
import type { Transport } from '../../../src/executor/server/transport.ts';
import { frameType } from '../../../src/protocol/frames.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { frame } from './frames.ts';
import { feed } from './server-process.ts';

export interface FakeServer {
  readonly executor: ServerExecutor;
  /** The end of the server. */
  readonly far: Socket;
  /** What the host has sent over the control channel. */
  readonly farControl: Socket;
  /** Signals by which the host has terminated the server. */
  readonly terminations: readonly string[];
}

/** An executor whose server is played by the test: both channels are connected, and nothing is answered. */
export async function openFakeServer(): Promise<FakeServer> {
  const path = join(tempFolder(), 'socket');
  const server = createServer().listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const [data, far] = await socketPair(server, path);
  const [control, farControl] = await socketPair(server, path);
  farControl.resume();
  const terminations: string[] = [];
  const transport: Transport = {
    data,
    control,
    memory: undefined,
    facts: { process: process.pid },
    exited: new Promise((resolve) => data.once('close', () => resolve(undefined))),
    terminate: (signal) => void terminations.push(signal),
    stderrTail: () => '',
  };
  const executor = new ServerExecutor({
    name: 'thread',
    connect: (receiver) => {
      data.on('data', (chunk: Buffer) => feed(receiver, chunk));
      return transport;
    },
  });
  return { executor, far, farControl, terminations };
}

/** Answers the handshake, then the first call with `loaded`: an answer must not come before its question. */
export function answerLoad(far: Socket, facts: Uint8Array, loaded: Uint8Array): void {
  far.once('data', () => {
    far.write(frame(frameType.ready, { payload: facts }));
    far.once('data', () => far.write(frame(frameType.returned, { call: 1, payload: loaded })));
  });
}

async function socketPair(server: Server, path: string): Promise<[Socket, Socket]> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = new Socket().connect(path);
  const [far] = await accepted;
  far.on('error', () => {});
  onTestFinished(() => void far.destroy());
  return [near, far];
}
