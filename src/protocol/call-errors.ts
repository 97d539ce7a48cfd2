import type { InterfaceDescriptor, MethodDescriptor } from '../codec/descriptor.ts';
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

/** How a method was called: with an argument stream, for a stream. */
interface StreamUse {
  readonly input: boolean;
  readonly stream: boolean;
}

export function isStreaming({ streamIn = false, streamOut = false }: MethodDescriptor): boolean {
  return streamIn || streamOut;
}

/**
 * Checks, before anything is sent, that a method is called as it was declared: with an argument stream if it takes one, for a stream
 * if it returns one.
 *
 * @throws FidiusError `FIDIUS_CALL_STREAM`.
 */
export function checkStreams(plugin: string, method: MethodDescriptor, called: StreamUse): void {
  const { streamIn = false, streamOut = false } = method;
  if (streamIn !== called.input || streamOut !== called.stream) throw streamsDiffer(plugin, method, called);
}

/** The error of a method that was called in another way than it was declared. */
export function streamsDiffer(plugin: string, method: MethodDescriptor, called: StreamUse): FidiusError {
  const { name, streamIn = false, streamOut = false } = method;
  const [what, is] =
    streamOut === called.stream
      ? [streamIn ? 'takes a stream' : 'takes no stream', called.input ? 'with one' : 'without one']
      : [streamOut ? 'returns a stream' : 'returns one value', called.stream ? 'for a stream' : 'for one value'];
  return new FidiusTypeError('FIDIUS_CALL_STREAM', `${name}() of ${plugin} ${what}, and was called ${is}`, {
    hint:
      streamIn && !called.input
        ? 'Call it through `client`, with the executor "thread" or "process".'
        : 'Call it as the interface declares it.',
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
