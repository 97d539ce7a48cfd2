import type { ErrorCode } from '../errors/codes.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import { PluginError, type PluginErrorData } from '../errors/plugin-error.ts';
import { threadHint } from './thread-hint.ts';

/** An exception as `errors.py` describes it. */
export interface ErrorDescription extends PluginErrorData {
  /** Present when not the plugin raised, but the codec about what it returned. */
  readonly refused?: { readonly code: string; readonly hint: string | null };
}

/** What the caller of a method gets to see of an exception, wherever the call ran. */
export function toCallError(description: ErrorDescription, plugin: string, method: string): PluginError | FidiusError {
  const { refused, ...data } = description;
  if (refused === undefined) return new PluginError(data, { plugin, method }, threadHint(data));
  return new FidiusError(refused.code as ErrorCode, `Cannot return the result of ${method}(): ${data.message}`, {
    hint: refused.hint ?? undefined,
  });
}
