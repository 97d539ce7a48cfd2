import { onTestFinished } from 'vitest';
import { startPython } from '../../src/cpython/lifecycle/start.ts';
import { createExecutor } from '../../src/executor/create-executor.ts';
import type { CallOptions, Executor, ExecutorName, ExecutorPlugin, LoadOptions } from '../../src/executor/executor.ts';
import type { ExecutorOptions } from '../../src/executor/executor-options.ts';
import { descriptorOf } from './descriptors.ts';
import { untypedMethod } from './methods.ts';
import { moduleText, writePackage } from './plugin-folders.ts';

/** A new executor, closed after the test. */
export function openExecutor(name: ExecutorName = 'thread', options: ExecutorOptions = {}): Executor {
  const executor = createExecutor(name, name === 'process' ? undefined : startPython(), options);
  onTestFinished(() => executor.close({ mode: 'abort' }));
  return executor;
}

/** The executors that run calls in this process: what plugins change in it can be seen from here. */
export const inProcessExecutors = ['inline', 'thread'] as const;

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

/** Waits until a condition holds; fails the test when that takes too long. */
export async function eventually(condition: () => boolean, what = 'the condition'): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come true within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * The errors that nobody caught while `body` ran, which are not those of the test runner then.
 *
 * @param body gets a function that waits for the first of them.
 */
export async function uncaughtDuring(body: (isThere: () => Promise<void>) => Promise<void>): Promise<readonly Error[]> {
  const errors: Error[] = [];
  const onError = (error: Error) => void errors.push(error);
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', onError);
  try {
    await body(() => eventually(() => errors.length > 0, 'an uncaught exception'));
  } finally {
    process.removeListener('uncaughtException', onError);
    for (const listener of before) process.on('uncaughtException', listener);
  }
  return errors;
}
