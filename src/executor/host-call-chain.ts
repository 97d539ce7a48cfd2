import { AsyncLocalStorage } from 'node:async_hooks';
import { FidiusError } from '../errors/fidius-error.ts';

/** Host functions that call plugins which call host functions: more than this is a recursion that does not end. */
const deepest = 32;

/** A call of a host function by a plugin, and the ones that it is inside of. */
export interface HostCallChain {
  /** Identifies the plugin that calls. */
  readonly plugin: object;
  /** Whether the thread of its event loop waits for the function. */
  readonly blocksLoop: boolean;
  readonly depth: number;
  readonly outer: HostCallChain | undefined;
}

/** Created by the first call of a host function: until then, calls of plugins need not look for one. */
let storage: AsyncLocalStorage<HostCallChain> | undefined;

/** The call of a host function that the running code is part of. */
export function currentHostCall(): HostCallChain | undefined {
  return storage?.getStore();
}

/**
 * Runs a host function. Calls of plugins that it makes, also later, belong to this chain.
 *
 * @throws FidiusError `FIDIUS_CALL_REENTRANT` for a chain that is too long.
 */
export function runHostFunction<T>(
  plugin: object,
  blocksLoop: boolean,
  outer: HostCallChain | undefined,
  body: () => T,
): T {
  const depth = (outer?.depth ?? 0) + 1;
  if (depth > deepest) {
    throw new FidiusError(
      'FIDIUS_CALL_REENTRANT',
      `Host functions and plugins call each other ${depth} levels deep, ${deepest} are allowed`,
      { hint: 'Look for a host function that calls the plugin which calls it.' },
    );
  }
  storage ??= new AsyncLocalStorage();
  return storage.run({ plugin, blocksLoop, depth, outer }, body);
}

/** Whether the event loop of this plugin waits for the running code. */
export function isLoopBlocked(chain: HostCallChain | undefined, plugin: object): boolean {
  for (let each = chain; each !== undefined; each = each.outer) {
    if (each.plugin === plugin && each.blocksLoop) return true;
  }
  return false;
}
