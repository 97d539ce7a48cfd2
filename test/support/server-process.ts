import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runtimeFolder, sdkFolder } from '../../src/cpython/runtime-folders.ts';
import type { Reader, Transport } from '../../src/executor/server-connection.ts';
import { findPythons } from './pythons.ts';

const program = ['-I', '-B', '-X', 'utf8', join(runtimeFolder, 'fidius_host', 'server')];

/** A call server in a process of its own, as nothing but two sockets. Killed after the test. */
export class ServerProcess {
  readonly child: ChildProcess;
  readonly data: Socket;
  readonly control: Socket;
  readonly #exited: Promise<unknown[]>;
  stderr = '';

  /** @param args what the program is given instead of its descriptors and the folder of the SDK. */
  constructor(args: readonly string[] = ['3', '4', sdkFolder]) {
    const { executable } = findPythons().at(-1) as { executable: string };
    this.child = spawn(executable, [...program, ...args], { stdio: ['ignore', 'inherit', 'pipe', 'pipe', 'pipe'] });
    this.data = this.child.stdio[3] as Socket;
    this.control = this.child.stdio[4] as Socket;
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#exited = once(this.child, 'exit');
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  /** Waits for its end. @returns exit code, or the name of the signal that ended it. */
  async exit(): Promise<unknown> {
    const [code, signal] = await this.#exited;
    return code ?? signal;
  }

  /** What a connection needs. No memory is shared. */
  transport(): Transport {
    const { data, control, child } = this;
    child.unref();
    return {
      open: (reader) => {
        data.on('data', (chunk: Buffer) => feed(reader, chunk));
        return { data, control };
      },
      memory: undefined,
    };
  }
}

/** Copies a chunk into the reader, in as many pieces as it takes. */
export function feed(reader: Reader, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) {
    const room = reader.room();
    const piece = chunk.subarray(at, at + room.length);
    room.set(piece);
    reader.take(piece.length);
    at += piece.length;
  }
}
