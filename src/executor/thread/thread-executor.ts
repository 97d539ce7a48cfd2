import { PythonPluginHandle } from '../../cpython/call/python-plugin-handle.ts';
import type { Interpreter } from '../../cpython/interpreter.ts';
import { requireSockets } from '../../cpython/lifecycle/permission.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { ExecutorOptions } from '../executor-options.ts';
import { ServerExecutor } from '../server/server-executor.ts';
import { SyncActivity } from '../sync-activity.ts';
import { InProcessMemory, startInProcessServer } from './in-process-server.ts';

/**
 * Runs plugins on threads of Python in this process.
 *
 * Starting the server takes the GIL once; loads and calls do not take it on this thread.
 *
 * @param memory shares large payloads with the server.
 * @throws FidiusError `FIDIUS_OPTION_INVALID`, `FIDIUS_EXECUTOR_UNSUPPORTED`, `FIDIUS_PYTHON_PERMISSION`.
 */
export function createThreadExecutor(
  interpreter: Interpreter,
  options: ExecutorOptions = {},
  memory = new InProcessMemory(interpreter),
): ServerExecutor {
  if (process.platform === 'win32') {
    throw new FidiusError('FIDIUS_EXECUTOR_UNSUPPORTED', 'The executor "thread" does not exist on Windows', {
      hint: 'Use the executor "inline".',
    });
  }
  if (process.versions['bun'] !== undefined) {
    throw new FidiusError('FIDIUS_EXECUTOR_UNSUPPORTED', 'The executor "thread" does not work in Bun', {
      hint: 'Use the executor "inline" (`PluginHost.open({ executor: "inline" })`): node:net of Bun opens no existing descriptors.',
    });
  }
  // Node.js takes over the sockets that Python creates, for which it asks for the permission of the network.
  requireSockets();
  let server = 0;
  const executor = new ServerExecutor({
    ...options,
    name: 'thread',
    connect: (receiver) => {
      const { number, transport } = startInProcessServer(interpreter, receiver, memory);
      server = number;
      return transport;
    },
    surrender: () => interpreter.gil.surrender(),
    createHandle: (loaded, { plugin, descriptor, hostFunctions }) =>
      new PythonPluginHandle(interpreter, loaded, plugin, descriptor, activity.of(plugin), hostFunctions),
  });
  const activity = new SyncActivity(
    (plugin) => interpreter.invoke('change_notices.begin_calls', `server ${server}`, plugin),
    (plugins) => executor.endSyncCalls(plugins),
  );
  return executor;
}
