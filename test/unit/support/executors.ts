import { onTestFinished } from 'vitest';
import { startPython } from '../../../src/cpython/lifecycle/start.ts';
import { createExecutor } from '../../../src/executor/create-executor.ts';
import type { CallOptions, Executor, ExecutorPlugin } from '../../../src/executor/executor.ts';
import type { ExecutorName, ExecutorOptions, LoadOptions } from '../../../src/index.ts';
import { descriptorOf } from '../../support/descriptors.ts';
import { moduleText, writePackage } from '../../support/plugin-folders.ts';
import { untypedMethod } from './methods.ts';

/** A new executor, closed after the test. */
export function openExecutor(name: ExecutorName = 'thread', options: ExecutorOptions = {}): Executor {
  const executor = createExecutor(name, startPython(), options);
  onTestFinished(() => executor.close({ mode: 'abort' }));
  return executor;
}

/** A plugin whose methods are called by name. */
export interface Probe {
  readonly plugin: ExecutorPlugin;
  readonly call: (method: string, args?: readonly unknown[], options?: CallOptions) => Promise<unknown>;
}

export interface ProbeParts {
  /** Names of the methods, as `descriptorOf` reads them. */
  readonly methods: readonly string[];
  /** Lines of the entry module, below its hash. */
  readonly lines: readonly string[];
  readonly name?: string;
  readonly options?: LoadOptions;
}

let modules = 0;

/** Writes a package and loads it. Each has an entry module of its own: Python keeps one module per name. */
export async function loadProbe(executor: Executor, parts: ProbeParts): Promise<Probe> {
  const { methods, lines, name = 'probe', options } = parts;
  modules += 1;
  const entryModule = `probe_${modules}`;
  const folder = writePackage({ name, entryModule, files: { [`${entryModule}.py`]: moduleText(...lines) } });
  const descriptor = descriptorOf(...methods);
  const plugin = await executor.load({ plugin: name, folder, entryModule, descriptor }, options);
  return {
    plugin,
    call: (method, args = [], callOptions) => {
      const index = descriptor.methods.findIndex((each) => each.name === method);
      return plugin.call(untypedMethod(index), args, callOptions);
    },
  };
}
