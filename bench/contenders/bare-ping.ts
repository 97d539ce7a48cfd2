import { Socket } from 'node:net';
import { Bench, fidius, indexOf } from './built-fidius.ts';
import { type Contender, pluginFolder } from './contender.ts';

/** What a small call would take as a frame, there and back. */
const frameBytes = 64;

/** The least that any call to another thread through a socket costs: there and back, with nothing done in between. */
export async function open(): Promise<Contender> {
  const handle = await fidius.loadPythonPlugin(pluginFolder, Bench.descriptor);
  const socket = new Socket({ fd: handle.callTyped(indexOf('start_echo_thread')) as number });
  const frame = new Uint8Array(frameBytes);
  let received = 0;
  let answered: (() => void) | undefined;
  socket.on('data', (data) => {
    received += data.length;
    if (received < frameBytes) return;
    received = 0;
    answered?.();
  });
  return {
    calls: {
      ping: () => {
        return new Promise<void>((resolve) => {
          answered = resolve;
          socket.write(frame);
        });
      },
    },
  };
}
