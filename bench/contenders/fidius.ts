import { addend, floats, numpyLength, raw, rows, small } from '../operations.ts';
import { Bench, fidius, indexOf } from './built-fidius.ts';
import { type Contender, pluginFolder } from './contender.ts';

/** The untyped handle: values cross as they are, on the thread of the caller. */
export async function open(): Promise<Contender> {
  const handle = await fidius.loadPythonPlugin(pluginFolder, Bench.descriptor);
  const add = indexOf('add');
  const echo = indexOf('echo');
  const echoBytes = indexOf('echo_bytes');
  const numpyArray = indexOf('numpy_array');
  return {
    calls: {
      add: (step) => handle.callTyped(add, [addend, step]),
      echoSmall: () => handle.callTyped(echo, [small]),
      echoRows: () => handle.callTyped(echo, [rows]),
      echoFloats: () => handle.callTyped(echo, [floats]),
      echoRaw: () => handle.callRaw(echoBytes, raw),
      receiveNumpy: () => handle.callTyped(numpyArray, [numpyLength]),
    },
  };
}
