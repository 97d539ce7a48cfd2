import { createRequire } from 'node:module';
import { addend, floats, numpyLength, raw, rows, small } from '../operations.ts';
import { type Contender, pluginFile } from './contender.ts';

interface NodeCallsPython {
  readonly interpreter: {
    importSync(file: string): object;
    callSync(module: object, name: string, ...args: readonly unknown[]): unknown;
    call(module: object, name: string, ...args: readonly unknown[]): Promise<unknown>;
  };
}

export function open(): Contender {
  // It has no setting for a virtual environment; Python reads this one when it starts.
  process.env['PYTHONPATH'] = process.env['BENCH_SITE_PACKAGES'];
  const require = createRequire(import.meta.url);
  const { interpreter } = require('node-calls-python') as NodeCallsPython;
  const module = interpreter.importSync(pluginFile);
  return {
    calls: {
      add: (step) => interpreter.callSync(module, 'add', addend, step),
      addAsync: (step) => interpreter.call(module, 'add', addend, step),
      echoSmall: () => interpreter.callSync(module, 'echo', small),
      echoRows: () => interpreter.callSync(module, 'echo', rows),
      echoFloats: () => interpreter.callSync(module, 'echo', floats),
      // An ArrayBuffer: its fast way in. A Uint8Array crosses at the same speed or slower.
      echoRaw: () => interpreter.callSync(module, 'echo_bytes', raw.buffer),
      receiveNumpy: () => interpreter.callSync(module, 'numpy_array', numpyLength),
    },
  };
}
