import { CallTimeoutError } from './call-timeout-error.ts';
import { type CallPlace, FidiusError, FidiusRangeError, FidiusTypeError, isFidiusError } from './fidius-error.ts';
import { isPluginError } from './plugin-error.ts';
import { ProcessError } from './process-error.ts';

/**
 * The error of a call, with its plugin and method. An error that was made for this call is returned unchanged. Any other is
 * copied, because many calls may fail with the same error.
 *
 * @param method `undefined` if the interface has no such method.
 */
export function atCall(error: unknown, plugin: string, method: string | undefined): unknown {
  if (method === undefined || !isFidiusError(error) || error.plugin !== undefined) return error;
  if (error instanceof ProcessError || error instanceof CallTimeoutError) {
    // Made for this call. A copy would lose its data.
    return Object.assign(error, { plugin, method });
  }
  const { code, hint, cause } = error;
  const message = nameCall(error.message, plugin, method);
  const options = { cause, hint, call: { plugin, method } };
  // By the built-in class: the error may come from another copy of this library.
  if (error instanceof TypeError) return new FidiusTypeError(code, message, options);
  if (error instanceof RangeError) return new FidiusRangeError(code, message, options);
  return new FidiusError(code, message, options);
}

/** How messages name a call: `greet() of greeter`. */
export function titleOfCall({ plugin, method }: CallPlace): string {
  return `${method}() of ${plugin}`;
}

/** Puts the plugin after the method where a message names only the method, or both in front of it. */
function nameCall(message: string, plugin: string, method: string): string {
  const title = titleOfCall({ plugin, method });
  const named = `${method}()`;
  const subject = `Plugin ${plugin} `;
  const at = message.indexOf(named);
  if (message.startsWith(subject)) return at === -1 ? `${title}: the plugin ${message.slice(subject.length)}` : message;
  if (at === -1 || isPartOfName(message[at - 1])) return `${title}: ${message}`;
  const rest = message.slice(at + named.length);
  return /^ of (?:plugin )?/.test(rest) ? message : `${message.slice(0, at)}${title}${rest}`;
}

function isPartOfName(character: string | undefined): boolean {
  return character !== undefined && /[\p{ID_Continue}.$]/u.test(character);
}

/**
 * Makes the stack of an error of this library begin in the code that called the library.
 *
 * Where the error was made, nothing of that code may be on the stack: Python has answered later. V8 finds the functions that
 * wait for a promise in the reaction to its rejection, which therefore calls this.
 *
 * @param boundary the function of this library that was called, or the reaction; it and what it calls are left out.
 */
export function showCaller(error: unknown, boundary: (...args: never[]) => unknown): void {
  if (isFidiusError(error) || isPluginError(error)) Error.captureStackTrace(error, boundary);
}

/** Where a call was made. Recorded only with `FIDIUS_DEBUG`, because it takes longer than a short call. */
export class CallSite {
  readonly stack: string | undefined;

  constructor(boundary: (...args: never[]) => unknown) {
    Error.captureStackTrace(this, boundary);
  }

  /** Appends the place of the call to the stack of its error. */
  addTo(error: unknown): void {
    if (!isFidiusError(error) && !isPluginError(error)) return;
    const frames = (this.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
    error.stack = [error.stack, '  called from', ...frames].join('\n');
  }
}

/** Whether the program asked for {@link CallSite}s, with the environment variable FIDIUS_DEBUG. */
export function recordsCallSites(): boolean {
  const { FIDIUS_DEBUG: setting = '' } = process.env;
  return setting !== '' && setting !== '0';
}

/** Runs the body of a function of this library; the stacks of its errors begin in the code that called the function. */
export async function showingCaller<T>(body: () => Promise<T>): Promise<T> {
  const site = recordsCallSites() ? new CallSite(showingCaller) : undefined;
  try {
    return await body();
  } catch (error) {
    if (site === undefined) showCaller(error, showingCaller);
    else site.addTo(error);
    throw error;
  }
}
