import { readSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { isInternalPythonError } from '../cpython/api/exception.ts';
import { PythonPluginHandle } from '../cpython/call/python-plugin-handle.ts';
import type { Interpreter } from '../cpython/interpreter.ts';
import { shareTrampoline } from '../cpython/lifecycle/start.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import type { ExecutorOptions } from './executor-options.ts';
import type { OutputLine } from './output.ts';
import { ProcessMemory } from './process-memory.ts';
import { RemoteExecutor } from './remote-executor.ts';
import type { Reader, Transport } from './server-connection.ts';
import { SyncActivity } from './sync-activity.ts';

/**
 * Runs plugins on threads of Python in this process.
 *
 * The server's sockets are made by Python, one end of each is handed over. Starting the server takes the GIL once;
 * nothing that comes after does.
 *
 * @param memory where large payloads go, and from which size on.
 * @throws FidiusError `FIDIUS_OPTION_INVALID`, `FIDIUS_EXECUTOR_UNSUPPORTED`.
 */
export function createThreadExecutor(
  interpreter: Interpreter,
  options: ExecutorOptions = {},
  memory = new ProcessMemory(interpreter),
): RemoteExecutor {
  if (process.platform === 'win32') {
    throw new FidiusError('FIDIUS_EXECUTOR_UNSUPPORTED', 'The executor "thread" does not exist on Windows', {
      hint: 'Use the executor "inline".',
    });
  }
  let server = 0;
  const executor = new RemoteExecutor({
    ...options,
    name: 'thread',
    connect: () => {
      const { number, transport } = startServer(interpreter, memory);
      server = number;
      return transport;
    },
    surrender: () => interpreter.gil.surrender(),
    createHandle: (loaded, { plugin, descriptor }) =>
      new PythonPluginHandle(interpreter, loaded, plugin, descriptor, activity.of(plugin)),
  });
  const activity = new SyncActivity(
    (plugin) => interpreter.invoke('change_notices.begin_calls', `server ${server}`, plugin),
    (plugins) => executor.endSyncCalls(plugins),
  );
  return executor;
}

function startServer(interpreter: Interpreter, memory: ProcessMemory): { number: number; transport: Transport } {
  shareTrampoline(interpreter);
  const [dataFd, controlFd, number] = invokeStart(interpreter);
  const transport: Transport = {
    open: (reader) => {
      const data = openSocket(dataFd, reader);
      const atEnd = {
        number,
        drain: () => drain(dataFd, reader),
        takeLines: (lines: unknown) => reader.takeLines(lines as readonly OutputLine[]),
      };
      interpreter.servers.add(atEnd);
      data.once('close', () => interpreter.servers.delete(atEnd));
      return { data, control: openSocket(controlFd) };
    },
    memory,
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
      hint: 'Look for plugins that replace threads, or use up threads or descriptors; then start the program anew.',
    });
  }
}

/** Reads what is there without the event loop, which has ended. The descriptor does not block. */
function drain(fd: number, reader: Reader): void {
  try {
    for (let count = -1; count !== 0; ) {
      count = readSync(fd, reader.room());
      reader.take(count);
    }
  } catch {
    // EAGAIN: nothing is left. Any other error says the same.
  }
}

/** A socket that takes over a descriptor. */
function openSocket(fd: number, reader?: Reader): Socket {
  const options: Options = { fd, readable: true, writable: true };
  if (reader === undefined) return new Socket(options);
  // Read into memory that is used again, past the stream machinery.
  const onread = {
    buffer: () => reader.room(),
    callback: (count: number) => {
      reader.take(count);
      return true;
    },
  };
  return new Socket({ ...options, onread } as Options);
}

/** `onread` is documented for the constructor, too, and missing in its type. */
type Options = SocketConstructorOpts & {
  readonly onread?: { buffer: () => Uint8Array; callback: (count: number) => boolean };
};
