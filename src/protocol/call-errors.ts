import type { InterfaceDescriptor } from '../codec/descriptor.ts';
import { FidiusError, FidiusRangeError, FidiusTypeError } from '../errors/fidius-error.ts';
import { describe } from '../errors/options.ts';

/**
 * Why a call by index cannot be made, wherever it would run: no such index, the other wire mode, or a method that the
 * plugin left out.
 */
export function notCallableError(
  plugin: string,
  descriptor: InterfaceDescriptor,
  index: number,
  raw: boolean,
): FidiusError {
  const { interfaceName, methods } = descriptor;
  const method = Number.isInteger(index) ? methods[index] : undefined;
  if (method === undefined) return noSuchMethod(descriptor, index);
  if (method.wireRaw !== raw) {
    const mode = (isRaw: boolean) => (isRaw ? 'raw' : 'typed');
    return new FidiusTypeError(
      'FIDIUS_CALL_WIRE_MODE',
      `${interfaceName}.${method.name} is declared ${mode(method.wireRaw)} and was called as ${mode(raw)}`,
      { hint: method.wireRaw ? 'Use callRaw() for it.' : 'Use callTyped() for it.' },
    );
  }
  return new FidiusError('FIDIUS_CALL_NOT_SUPPORTED', `Plugin ${plugin} does not implement ${method.name}()`, {
    hint: `Ask supports('${method.name}') first.`,
  });
}

/** Why an `async def` method cannot be called on the calling thread, which has no event loop of asyncio. */
export function needsEventLoop(plugin: string, method: string): FidiusError {
  return new FidiusError(
    'FIDIUS_CALL_SYNC',
    `${method}() of plugin ${plugin} is an \`async def\`, and a call on this thread cannot await it`,
    { hint: 'Use `client`: its functions wait for coroutines.' },
  );
}

export function pluginClosed(plugin: string): FidiusError {
  return new FidiusError('FIDIUS_PLUGIN_CLOSED', `Plugin ${plugin} is closed`, {
    hint: 'Load it again, or close it later.',
  });
}

export function noSuchMethod({ interfaceName, methods }: InterfaceDescriptor, index: unknown): FidiusError {
  const range = methods.length === 0 ? 'it has no methods' : `its methods are 0 to ${methods.length - 1}`;
  return new FidiusRangeError('FIDIUS_CALL_INDEX', `${interfaceName} has no method ${describe(index)}: ${range}`);
}
