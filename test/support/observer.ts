import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadPythonPlugin, type PythonPluginHandle } from '../../src/index.ts';
import { descriptorOf } from './descriptors.ts';

const folder = fileURLToPath(new URL('../fixtures/plugins/observer', import.meta.url));

const methods = [
  'search_path',
  'foreign_modules',
  'reference_count',
  'live_objects',
  'allocated_blocks',
  'facts',
  'evaluate',
  'evaluate_with',
  'execute',
  'raise_error',
  'echo',
  'add',
  '!flip',
] as const;

export type ObserverMethod = Exclude<(typeof methods)[number], '!flip'>;

const descriptor = descriptorOf(...methods);

/** The same for whoever loads it with an executor. */
export const observerRequest = {
  plugin: 'observer',
  folder,
  entryModule: 'fidius_test_observer',
  descriptor,
};

let handle: Promise<PythonPluginHandle> | undefined;

/**
 * The plugin that looks at the interpreter from inside; loaded once per test file and kept. Python starts with the first use:
 * a test may have to choose how it starts.
 */
export function observer(): Promise<PythonPluginHandle> {
  handle ??= loadPythonPlugin(folder, descriptor);
  return handle;
}

/** Calls one of its methods by name. */
export async function observe(method: ObserverMethod, ...args: readonly unknown[]): Promise<unknown> {
  return (await observer()).callTyped(indexOf(method), args);
}

export function indexOf(method: ObserverMethod): number {
  return methods.indexOf(method);
}

/** Index of its raw method, which reverses bytes. */
export const flipIndex = methods.indexOf('!flip');

/** What loading changes in an interpreter: the search path, and the modules that came from packages of tests. */
export async function interpreterState(): Promise<{ searchPath: unknown; modules: unknown }> {
  return { searchPath: await observe('search_path'), modules: await observe('foreign_modules') };
}

/** Files of byte-code below a folder. */
export function byteCodeIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.pyc'));
}
