import { readSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { isInternalPythonError } from '../../cpython/api/exception.ts';
import type { Interpreter } from '../../cpython/interpreter.ts';
import { shareTrampoline } from '../../cpython/lifecycle/start.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { referenceBytes } from '../../protocol/frames.ts';
import type { OutputLine } from '../output.ts';
import type { Receiver, SharedMemory, Transport } from '../server/transport.ts';

/** Size in bytes above which two copies in memory are faster than a socket: see `bench/payload-threshold.ts`. */
const thresholdBytes = 64 * 1024;

/**
 * The memory of this process, which the `thread` executor's server shares.
 *
 * A payload for Python is copied into a block of C memory that Python frees: the memory of JavaScript may be freed at any
 * time, when a worker thread is terminated during a call. None of this takes the GIL.
 */
export class InProcessMemory implements SharedMemory {
  readonly threshold: number;
  readonly #interpreter: Interpreter;
  readonly #reference = new DataView(new ArrayBuffer(referenceBytes));

  constructor(interpreter: Interpreter, threshold = thresholdBytes) {
    this.#interpreter = interpreter;
    this.threshold = threshold;
  }

  give(payload: Uint8Array): Uint8Array {
    const address = this.#interpreter.api.PyMem_RawMalloc(payload.length);
    if (address === 0) throw new RangeError(`no memory for a payload of ${payload.length} bytes`);
    this.#interpreter.memory.store(address, payload);
    this.#reference.setBigUint64(0, BigInt(address), true);
    this.#reference.setBigUint64(8, BigInt(payload.length), true);
    return new Uint8Array(this.#reference.buffer);
  }

  copy(reference: Uint8Array): Uint8Array {
    const { buffer, byteOffset, length } = reference;
    const view = new DataView(buffer, byteOffset, length);
    return this.#interpreter.memory.copyOf(Number(view.getBigUint64(0, true)), Number(view.getBigUint64(8, true)));
  }
}

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
      hint: 'Restart the program, and load the plugins in another order if it happens again.',
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
