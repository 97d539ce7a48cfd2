import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runtimeFolder, sdkFolder } from '../../../src/cpython/runtime-folders.ts';
import type { Exit, Receiver, Transport } from '../../../src/executor/server/transport.ts';
import { findPythons } from '../../support/pythons.ts';

const program = ['-I', '-B', '-X', 'utf8', join(runtimeFolder, 'fidius_host', 'server')];

/** Lines of stderr that are kept. */
const keptLines = 20;

/** A call server in a separate process. No memory is shared. Killed after the test. */
export class ServerProcess implements Transport {
  readonly child: ChildProcess;
  readonly data: Socket;
  readonly control: Socket;
  readonly memory = undefined;
  readonly facts;
  readonly exited: Promise<Exit>;
  stderr = '';

  /** @param args the arguments of the program. */
  constructor(args: readonly string[] = ['3', '4', sdkFolder]) {
    const { executable } = findPythons().at(-1) as { executable: string };
    this.child = spawn(executable, [...program, ...args], { stdio: ['ignore', 'inherit', 'pipe', 'pipe', 'pipe'] });
    this.facts = { process: this.child.pid as number, executable };
    this.data = this.child.stdio[3] as Socket;
    this.control = this.child.stdio[4] as Socket;
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    const stderrEnded = new Promise((resolve) => this.child.stderr?.once('close', resolve));
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => void stderrEnded.then(() => resolve({ code, signal })));
    });
    onTestFinished(() => this.terminate('SIGKILL'));
  }

  /** Waits for its end. @returns exit code, or the name of the signal that ended it. */
  async exit(): Promise<number | string | null> {
    const { code, signal } = await this.exited;
    return code ?? signal;
  }

  /** Sends what the server writes to a host, which does not wait for the process. */
  connect(receiver: Receiver): Transport {
    this.child.unref();
    this.data.on('data', (chunk: Buffer) => feed(receiver, chunk));
    return this;
  }

  terminate(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.child.kill(signal);
  }

  stderrTail(): string {
    return this.stderr.trimEnd().split('\n').slice(-keptLines).join('\n');
  }
}

/** Copies a chunk into the receiver, in as many pieces as it takes. */
export function feed(receiver: Receiver, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) {
    const room = receiver.room();
    const piece = chunk.subarray(at, at + room.length);
    room.set(piece);
    receiver.take(piece.length);
    at += piece.length;
  }
}
