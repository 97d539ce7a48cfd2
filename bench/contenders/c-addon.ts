import { createRequire } from 'node:module';
import { addend } from '../operations.ts';
import { type Contender, pluginFolder } from './contender.ts';

interface CallPython {
  open(folder: string, module: string, name: string): void;
  call(a: number, b: number): number;
}

/** `addon/call_python.c`: the least that a compiled addon has to do for one signature. */
export function open(): Contender {
  const require = createRequire(import.meta.url);
  const addon = require('../addon/build/Release/call_python.node') as CallPython;
  addon.open(pluginFolder, 'bench_plugin', 'add');
  return { calls: { add: (step) => addon.call(addend, step) } };
}
