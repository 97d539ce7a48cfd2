import { atCall, CallSite, recordsCallSites, showCaller } from '../../errors/call-place.ts';
import { FidiusTypeError } from '../../errors/fidius-error.ts';
import { checkCount, checkOptionNames, checkSignal, describe } from '../../errors/options.ts';
import type { Interface, InterfaceMethod } from '../interface.ts';
import { wrongCount } from '../typed-codec.ts';
import { isPlainObject } from '../types/plain-object.ts';
import type { CallOptions, Client, StreamOptions, SyncClient } from './client-types.ts';
import { FailedStream, FailedSyncStream } from './failed-stream.ts';

/**
 * Makes one call. `args` are the unchecked arguments of the caller, one for each argument of the method: the codec of
 * the method checks their types.
 */
export type Invoke<Result> = (args: unknown[], options: CallOptions | undefined) => Result;

/** Returns the function that calls a method; `undefined` for an optional method that the plugin lacks. */
type Bind<Result> = (method: InterfaceMethod, index: number) => Invoke<Result> | undefined;

/**
 * Plain functions for the methods of an interface, made once per load. They reject; they never throw.
 *
 * @param plugin the name of the plugin, for errors.
 * @param bind returns functions that return a promise, or an async iterable for a method that streams. They may throw.
 */
export function createClient<I extends Interface>(definition: I, plugin: string, bind: Bind<unknown>): Client<I> {
  const isTraced = recordsCallSites();
  return createFunctions(definition, bind, asyncOptions, (method, call) => {
    const explain = (error: unknown) => atCall(error, plugin, method.name);
    if (method.streaming) return catching(call, (error) => new FailedStream(explain(error)));
    const rejected = (error: unknown): never => {
      const explained = explain(error);
      showCaller(explained, rejected);
      throw explained;
    };
    // An error thrown synchronously would bypass the caller's catch().
    const invoke = catching(call, (error) => Promise.reject(error)) as (...args: unknown[]) => Promise<unknown>;
    return isTraced ? tracing(invoke, explain) : (...args) => invoke(...args).then(undefined, rejected);
  }) as Client<I>;
}

/** The same for functions that return when Python is done, or throw; a method that streams returns an iterable. */
export function createSyncClient<I extends Interface>(
  definition: I,
  plugin: string,
  bind: Bind<unknown>,
): SyncClient<I> {
  const isTraced = recordsCallSites();
  return createFunctions(definition, bind, syncOptions, (method, call) => {
    const explain = (error: unknown) => atCall(error, plugin, method.name);
    if (method.streaming) return catching(call, (error) => new FailedSyncStream(explain(error)));
    const located: Call = (...args) => {
      try {
        return call(...args);
      } catch (error) {
        const explained = explain(error);
        if (isTraced) new CallSite(located).addTo(explained);
        else showCaller(explained, located);
        throw explained;
      }
    };
    return located;
  }) as SyncClient<I>;
}

function catching(call: Call, onError: (error: unknown) => unknown): Call {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      return onError(error);
    }
  };
}

/** Records where each call is made: an error names the place also if nothing waits for the promise with `await`. */
function tracing(invoke: (...args: unknown[]) => Promise<unknown>, explain: (error: unknown) => unknown): Call {
  const call: Call = (...args) => {
    const site = new CallSite(call);
    return invoke(...args).then(undefined, (error: unknown) => {
      const explained = explain(error);
      site.addTo(explained);
      throw explained;
    });
  };
  return call;
}

const asyncOptions = ['signal', 'timeoutMs', 'onProgress'];
const streamOptions = [...asyncOptions, 'window'];
const syncOptions = ['timeoutMs'];

type Call = (...args: unknown[]) => unknown;

function createFunctions(
  definition: Interface,
  bind: Bind<unknown>,
  optionNames: readonly string[],
  finish: (method: InterfaceMethod, call: Call) => Call,
): Readonly<Record<string, Call>> {
  // Without prototype: an absent method is undefined also when every object has a property of that name.
  const client = Object.create(null) as Record<string, Call>;
  for (const method of definition.methods) {
    const invoke = bind(method, method.index);
    if (invoke === undefined) continue;
    const known = method.streaming && optionNames === asyncOptions ? streamOptions : optionNames;
    const call = finish(method, separateOptions(method, invoke, known));
    Object.defineProperty(call, 'name', { value: method.name });
    client[method.name] = call;
  }
  return Object.freeze(client);
}

/** Distinguishes call options from arguments by position alone: options follow the last argument. */
function separateOptions(method: InterfaceMethod, invoke: Invoke<unknown>, optionNames: readonly string[]): Call {
  const count = method.arguments.length;

  return (...args) => {
    if (args.length === count) return invoke(args, undefined);
    const options = args.length === count + 1 ? args.pop() : noOptions;
    if (options === undefined) return invoke(args, undefined);
    if (!isPlainObject(options)) {
      const names = method.arguments.map(({ name }) => name);
      throw wrongCount(method.name, names, args.length + (options === noOptions ? 0 : 1));
    }
    return invoke(args, readCallOptions(`${method.name}()`, options, optionNames));
  };
}

const noOptions = Symbol('no options');

const largestWindow = 65_536;

function readCallOptions(place: string, options: unknown, known: readonly string[]): CallOptions {
  checkOptionNames(place, options, known);
  const { signal, timeoutMs, window, onProgress } = options as StreamOptions;
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    const text = `onProgress of ${place} must be a function, got ${describe(onProgress)}`;
    throw new FidiusTypeError('FIDIUS_OPTION_INVALID', text);
  }
  checkSignal(signal, place);
  checkCount(`window of ${place}`, window, 1, largestWindow);
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    const text = `timeoutMs of ${place} must be a positive number of milliseconds, got ${describe(timeoutMs)}`;
    throw new FidiusTypeError('FIDIUS_OPTION_INVALID', text);
  }
  return options as CallOptions;
}
