import { fileURLToPath } from 'node:url';
import type { CallOptions, Executor, ExecutorPlugin } from '../../../src/executor/executor.ts';
import type { LoadOptions } from '../../../src/index.ts';
import { descriptorOf } from '../../support/descriptors.ts';
import { untypedMethod } from './methods.ts';

const folder = fileURLToPath(new URL('../../fixtures/plugins/calls', import.meta.url));

const methods = [
  'add',
  'echo',
  '!flip',
  'fail',
  'nap',
  'spin',
  'hold_the_lock',
  'search_in_vain',
  'swallow',
  'count_threads',
  'add_later',
  'nap_later',
  'spin_later',
  'cannot_cross',
] as const;

type Method = (typeof methods)[number];

/** The fixture plugin `calls`, called by the names of its methods. */
export interface Calls {
  readonly plugin: ExecutorPlugin;
  readonly call: (method: Method, args?: readonly unknown[], options?: CallOptions) => Promise<unknown>;
}

export const flipIndex = methods.indexOf('!flip');

/** Loads the fixture plugin; `name` is what errors and events call it. */
export async function loadCalls(executor: Executor, options?: LoadOptions, name = 'calls'): Promise<Calls> {
  const descriptor = descriptorOf(...methods);
  const plugin = await executor.load({ plugin: name, folder, entryModule: 'fidius_test_calls', descriptor }, options);
  return {
    plugin,
    call: (method, args = [], callOptions) => plugin.call(untypedMethod(methods.indexOf(method)), args, callOptions),
  };
}
