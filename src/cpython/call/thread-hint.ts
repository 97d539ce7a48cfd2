import type { PluginErrorData } from '../../errors/plugin-error.ts';

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
export function threadHint({ pythonType, message }: PluginErrorData): string | undefined {
  if (!threadBound.some(([type, text]) => type.test(pythonType) && text.test(message))) return undefined;
  return 'Load the plugin with `ownThread: true` and the executor "thread", wherever this process loads it: then one thread imports its module and runs its calls.';
}
