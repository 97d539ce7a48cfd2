import { createRequire } from 'node:module';
import { addend, floats, rows, small, streamLength } from '../operations.ts';
import { type Contender, pluginFile } from './contender.ts';

interface Pythonia {
  readonly python: (path: string) => Promise<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;
}

/** A bridge to a child process by JSON; every call is asynchronous, and what comes back is a proxy until asked for. */
export async function open(): Promise<Contender> {
  const require = createRequire(import.meta.url);
  const { python } = require('pythonia') as Pythonia;
  const module = await python(pluginFile);
  const valueOf = async (proxy: unknown): Promise<unknown> => (proxy as { valueOf(): Promise<unknown> }).valueOf();
  return {
    calls: {
      add: (step) => module['add']?.(addend, step),
      addAsync: (step) => module['add']?.(addend, step),
      echoSmall: async () => valueOf(await module['echo']?.(small)),
      echoRows: async () => valueOf(await module['echo']?.(rows)),
      streamIntegers: async () => {
        let sum = 0;
        const items = (await module['count_up']?.(streamLength)) as AsyncIterable<unknown>;
        for await (const item of items) sum += Number(item);
        return sum;
      },
      echoFloats: async () => valueOf(await module['echo']?.(floats)),
    },
  };
}
