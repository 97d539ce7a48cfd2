import { Socket, type SocketConstructorOpts } from 'node:net';
import { FidiusError } from '../errors/fidius-error.ts';
import { PythonPluginHandle } from '../python/handle.ts';
import type { Interpreter } from '../python/interpreter.ts';
import { ProcessMemory } from './process-memory.ts';
import { type PoolOptions, RemoteExecutor } from './remote-executor.ts';
import type { Reader, Transport } from './server-connection.ts';

/**
 * Runs plugins on threads of Python in this process.
 *
 * The server's sockets are made by Python, one end of each is handed over. Starting the server takes the GIL once;
 * nothing that comes after does.
 *
 * @throws FidiusError `FIDIUS_OPTION_INVALID`, `FIDIUS_EXECUTOR_UNSUPPORTED`.
 */
export function createThreadExecutor(interpreter: Interpreter, options: PoolOptions = {}): RemoteExecutor {
  if (process.platform === 'win32') {
    throw new FidiusError('FIDIUS_EXECUTOR_UNSUPPORTED', 'The executor "thread" does not exist on Windows', {
      hint: 'Use the executor "inline".',
    });
  }
  return new RemoteExecutor({
    ...options,
    name: 'thread',
    connect: () => startServer(interpreter),
    createHandle: (loaded, { plugin, descriptor }) => new PythonPluginHandle(interpreter, loaded, plugin, descriptor),
  });
}

function startServer(interpreter: Interpreter): Transport {
  const [data, control] = interpreter.invoke('serving.start_here') as [number, number];
  return {
    open: (reader) => ({ data: openSocket(data, reader), control: openSocket(control) }),
    memory: new ProcessMemory(interpreter),
  };
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
