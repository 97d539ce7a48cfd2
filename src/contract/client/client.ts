import { FidiusError } from '../../errors/fidius-error.ts';
import { checkSignal } from '../../errors/option-values.ts';
import { checkOptionNames, describe } from '../../errors/options.ts';
import type { Interface, InterfaceMethod } from '../interface.ts';
import { wrongCount } from '../typed-codec.ts';
import { isPlainObject } from '../types/plain-object.ts';
import type { CallOptions, Client, SyncClient } from './client-types.ts';
import { FailedStream, FailedSyncStream } from './failed-stream.ts';

/**
 * Carries one call: `args` as the caller passed them, one for each argument of the method, not looked at yet. Types are
 * checked by the method's codec, which the carrier runs anyway.
 */
export type Carry<Result> = (args: unknown[], options: CallOptions | undefined) => Result;

/** Who carries the calls of a method; `undefined` when the plugin lacks it, which only an optional method may be. */
export type Bind<Result> = (method: InterfaceMethod, index: number) => Carry<Result> | undefined;

/**
 * Plain functions for the methods of an interface, made once per load. They reject; they never throw.
 *
 * @param bind its functions return a promise, or an async iterable for a method that streams. They may throw.
 */
export function createClient<I extends Interface>(definition: I, bind: Bind<unknown>): Client<I> {
  // Thrown at once, an error would slip past the caller's catch(), or past the loop over the items.
  return createFunctions(definition, bind, asyncOptions, (method, call) =>
    caught(call, (error) => (method.streaming ? new FailedStream(error) : Promise.reject(error))),
  ) as Client<I>;
}

/** The same for functions that return when Python is done, or throw; a method that streams returns an iterable. */
export function createSyncClient<I extends Interface>(definition: I, bind: Bind<unknown>): SyncClient<I> {
  return createFunctions(definition, bind, syncOptions, (method, call) =>
    method.streaming ? caught(call, (error) => new FailedSyncStream(error)) : call,
  ) as SyncClient<I>;
}

function caught(call: Call, onError: (error: unknown) => unknown): Call {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      return onError(error);
    }
  };
}

const asyncOptions = ['signal', 'timeoutMs'];
const syncOptions = ['timeoutMs'];

type Call = (...args: unknown[]) => unknown;

function createFunctions(
  definition: Interface,
  bind: Bind<unknown>,
  optionNames: readonly string[],
  finish: (method: InterfaceMethod, call: Call) => Call,
): Readonly<Record<string, Call>> {
  // Without prototype, so that what a plugin lacks is undefined also when every object has a property of that name.
  const client = Object.create(null) as Record<string, Call>;
  for (const method of definition.methods) {
    const carry = bind(method, method.index);
    if (carry === undefined) continue;
    const call = finish(method, separateOptions(method, carry, optionNames));
    Object.defineProperty(call, 'name', { value: method.name });
    client[method.name] = call;
  }
  return Object.freeze(client);
}

/** Tells call options from arguments by their place alone: whatever comes after the last argument is options. */
function separateOptions(method: InterfaceMethod, carry: Carry<unknown>, optionNames: readonly string[]): Call {
  const count = method.arguments.length;

  return (...args) => {
    if (args.length === count) return carry(args, undefined);
    const options = args.length === count + 1 ? args.pop() : noOptions;
    if (options === undefined) return carry(args, undefined);
    if (!isPlainObject(options)) {
      const names = method.arguments.map(({ name }) => name);
      throw wrongCount(method.name, names, args.length + (options === noOptions ? 0 : 1));
    }
    return carry(args, readCallOptions(`${method.name}()`, options, optionNames));
  };
}

const noOptions = Symbol('no options');

function readCallOptions(place: string, options: unknown, known: readonly string[]): CallOptions {
  checkOptionNames(place, options, known);
  const { signal, timeoutMs } = options as CallOptions;
  checkSignal(signal, place);
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    const text = `timeoutMs of ${place} must be a positive number of milliseconds, got ${describe(timeoutMs)}`;
    throw new FidiusError('FIDIUS_OPTION_INVALID', text);
  }
  return options as CallOptions;
}
