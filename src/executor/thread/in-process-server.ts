import { readSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { isInternalPythonError } from '../../cpython/api/exception.ts';
import type { Interpreter } from '../../cpython/interpreter.ts';
import { shareTrampoline } from '../../cpython/lifecycle/start.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { OutputLine } from '../output.ts';
import type { Receiver, SharedMemory, Transport } from '../server/transport.ts';

/**
 * Starts a call server in this process.
 *
 * @returns its number in Python, and the transport: Python creates both sockets and transfers one end of each.
 * @throws FidiusError `FIDIUS_EXECUTOR_FAILED`.
 */
export function startInProcessServer(
  interpreter: Interpreter,
  receiver: Receiver,
  memory: SharedMemory,
): { readonly number: number; readonly transport: Transport } {
  shareTrampoline(interpreter);
  const [dataFd, controlFd, number] = invokeStart(interpreter);
  const data = openSocket(dataFd, receiver);
  const control = openSocket(controlFd);
  const ending = {
    number,
    drain: () => drain(dataFd, receiver),
    takeLines: (lines: unknown) => receiver.takeLines(lines as readonly OutputLine[]),
  };
  interpreter.servers.add(ending);
  const exited = new Promise<undefined>((resolve) => {
    data.once('close', () => {
      interpreter.servers.delete(ending);
      resolve(undefined);
    });
  });
  const transport: Transport = {
    data,
    control,
    memory,
    facts: { process: process.pid },
    exited,
    // Its threads stop the running calls and end when their connection has ended.
    terminate: () => {
      data.destroy();
      control.destroy();
    },
    stderrTail: () => '',
  };
  return { number, transport };
}

/** @returns the descriptors of both channels, and the number of the server. @throws FidiusError `FIDIUS_EXECUTOR_FAILED`. */
function invokeStart(interpreter: Interpreter): [data: number, control: number, server: number] {
  try {
    return interpreter.invoke('server.start') as [number, number, number];
  } catch (cause) {
    if (!isInternalPythonError(cause)) throw cause;
    throw new FidiusError('FIDIUS_EXECUTOR_FAILED', `The call server could not start: ${cause.data.message}`, {
      cause,
      hint: 'Look for plugins that replace threads, or use up threads or descriptors. Then restart the program.',
    });
  }
}

/** Reads the available bytes without the event loop, which has ended. The descriptor does not block. */
function drain(fd: number, receiver: Receiver): void {
  try {
    for (let count = -1; count !== 0; ) {
      count = readSync(fd, receiver.room());
      receiver.take(count);
    }
  } catch {
    // EAGAIN: no bytes are left. After any other error no more can be read either.
  }
}

/** Creates a socket that takes over a descriptor. */
function openSocket(fd: number, receiver?: Receiver): Socket {
  const options: Options = { fd, readable: true, writable: true };
  if (receiver === undefined) return new Socket(options);
  // Read into memory that is used again, without the overhead of streams.
  const onread = {
    buffer: () => receiver.room(),
    callback: (count: number) => {
      receiver.take(count);
      return true;
    },
  };
  return new Socket({ ...options, onread } as Options);
}

/** `onread` is documented for the constructor, too, and missing in its type. */
type Options = SocketConstructorOpts & {
  readonly onread?: { buffer: () => Uint8Array; callback: (count: number) => boolean };
};
