import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { addend, floats, raw, rows, small, streamLength } from '../operations.ts';
import { type Contender, pluginFile } from './contender.ts';

interface PyProxy {
  toJs(options: { dict_converter: typeof Object.fromEntries }): unknown;
  destroy(): void;
  getBuffer(): { readonly data: Uint8Array; release(): void };
}

interface Pyodide {
  readonly FS: { writeFile(path: string, text: string): void };
  pyimport(name: string): Record<string, (...args: readonly unknown[]) => unknown>;
  toPy(value: unknown): PyProxy;
}

/** CPython as WebAssembly: nothing of the machine's Python, no native extension modules. */
export async function open(): Promise<Contender> {
  const require = createRequire(import.meta.url);
  const { loadPyodide } = require('pyodide') as { loadPyodide: () => Promise<Pyodide> };
  const pyodide = await loadPyodide();
  pyodide.FS.writeFile('/home/pyodide/bench_plugin.py', readFileSync(pluginFile, 'utf8'));
  const { add, echo, echo_bytes: echoBytes, count_up: countUp } = pyodide.pyimport('bench_plugin');
  if (add === undefined || echo === undefined || echoBytes === undefined || countUp === undefined)
    throw new Error('The plugin lacks a function');

  const echoValue = (value: unknown): unknown => {
    const sent = pyodide.toPy(value);
    const received = echo(sent) as PyProxy;
    const result = received.toJs({ dict_converter: Object.fromEntries });
    received.destroy();
    sent.destroy();
    return result;
  };
  return {
    calls: {
      add: (step) => add(addend, step),
      echoSmall: () => echoValue(small),
      echoRows: () => echoValue(rows),
      echoFloats: () => echoValue(floats),
      streamIntegers: () => {
        const items = countUp(streamLength) as PyProxy & Iterable<number>;
        let sum = 0;
        for (const item of items) sum += item;
        items.destroy();
        return sum;
      },
      echoRaw: () => {
        const sent = pyodide.toPy(raw);
        const received = echoBytes(sent) as PyProxy;
        const buffer = received.getBuffer();
        const result = buffer.data.slice();
        buffer.release();
        received.destroy();
        sent.destroy();
        return result;
      },
    },
  };
}
