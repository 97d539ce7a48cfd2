import { decodeValue } from '../codec/pickle/decode-value.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { PluginError, type PluginErrorData } from '../errors/plugin-error.ts';
import { threadHint } from './thread-hint.ts';

/** The description of an exception that `error_description.py` creates. */
export interface ErrorDescription extends Omit<PluginErrorData, 'details'> {
  /** Encoded on their own; `null` or left out where there are none. */
  readonly details?: Uint8Array | null;
  /** Present when not the plugin raised, but the codec about what it returned. */
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
  { code, message, details, pythonType, traceback }: ErrorDescription,
  where: { readonly plugin: string; readonly method: string },
): PluginError {
  const data = { code, message, pythonType, traceback };
  return new PluginError({ ...data, details: details ? readDetails(details) : undefined }, where, threadHint(data));
}

/** Details that JavaScript cannot hold are left out, like those that cannot leave Python. */
function readDetails(encoded: Uint8Array): unknown {
  try {
    return decodeValue(encoded);
  } catch {
    return undefined;
  }
}
