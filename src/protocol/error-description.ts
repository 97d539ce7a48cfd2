import { decodeValue } from '../codec/pickle/decode-value.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { PluginError, type PluginErrorData } from '../errors/plugin-error.ts';

/** The description of an exception that `error_description.py` creates. */
export interface ErrorDescription extends Omit<PluginErrorData, 'details'> {
  /** Encoded on their own; `null` or left out where there are none. */
  readonly details?: Uint8Array | null;
  /** Present when not the plugin raised, but the codec about what it returned. */
  /** Number of the call of a host function that this is the error of. */
  readonly hostCall?: number;
  readonly refused?: { readonly code: string; readonly hint: string | null };
}

/** What the caller of a method gets to see of an exception, wherever the call ran. */
export function toCallError(description: ErrorDescription, plugin: string, method: string): PluginError | FidiusError {
  const { refused } = description;
  if (refused === undefined) return toPluginError(description, { plugin, method });
  return new FidiusError(refused.code as ErrorCode, `Cannot return the result of ${method}(): ${description.message}`, {
    hint: refused.hint ?? undefined,
  });
}

/** What the code of a plugin raised. */
export function toPluginError(
  { code, message, details, pythonType, traceback, hostCall }: ErrorDescription,
  where: { readonly plugin: string; readonly method: string },
): PluginError {
  const data = { code, message, pythonType, traceback };
  const error = new PluginError(
    { ...data, details: details ? readDetails(details) : undefined },
    where,
    threadHint(data),
  );
  if (hostCall !== undefined) hostCalls.set(error, hostCall);
  return error;
}

const hostCalls = new WeakMap<Error, number>();

/** Gives the error of a host function that a plugin did not catch what the function threw as its cause. */
export function addHostCause(error: Error, thrown: ReadonlyMap<number, unknown> | undefined): void {
  const number = hostCalls.get(error);
  if (number === undefined || thrown?.has(number) !== true) return;
  setCause(error, thrown.get(number));
}

/** Sets the cause of an error after it was created. */
export function setCause(error: Error, cause: unknown): void {
  Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
}

/** Details that JavaScript cannot hold are left out, like those that cannot leave Python. */
function readDetails(encoded: Uint8Array): unknown {
  try {
    return decodeValue(encoded);
  } catch {
    return undefined;
  }
}

/**
 * Exceptions about objects that can only be used on the thread that made them. A module that makes one while it is imported
 * meets them, because its calls run on other threads.
 */
const threadBound: readonly (readonly [pythonType: RegExp, message: RegExp])[] = [
  [/(^|\.)ProgrammingError$/, /objects created in a thread can only be used in that same thread/],
  [/^RuntimeError$/, /There is no current event loop in thread/],
  [/^RuntimeError$/, /attached to a different loop/],
  [/^RuntimeError$/, /is bound to a different event loop/],
  [/^RuntimeError$/, /Non-thread-safe operation invoked on an event loop other than the current one/],
  [/^greenlet\.error$|^error$/, /[Cc]annot switch to a different thread/],
];

/** What to do about an exception that has to do with the thread it was raised on. */
function threadHint({ pythonType, message }: PluginErrorData): string | undefined {
  if (!threadBound.some(([type, text]) => type.test(pythonType) && text.test(message))) return undefined;
  return 'Load the plugin with `ownThread: true` and the executor "thread", wherever this process loads it: then one thread imports its module and runs its calls.';
}
