import type { CallProgress } from '../contract/client/client-types.ts';
import type { Interface, InterfaceMethod } from '../contract/interface.ts';
import type { JsonValue } from '../contract/json-value.ts';
import { fromJson, toJson } from '../contract/json-value.ts';
import { isStreamType } from '../contract/result-and-stream.ts';
import { closest } from '../errors/closest.ts';
import { FidiusError, isFidiusError } from '../errors/fidius-error.ts';
import { messageOf } from '../errors/is-error.ts';
import { isPluginError } from '../errors/plugin-error.ts';
import type { Plugin } from '../host/plugin.ts';
import type { CallToolResult, RequestContext } from './sdk.ts';
import type { MethodTool } from './tools.ts';

/** Limits of the calls of a server. */
export interface CallLimits {
  readonly timeoutMs: number | undefined;
  /** Maximum number of items of a stream. */
  readonly maxItems: number;
}

/** What a call needs of its request. */
export type CallContext = Pick<RequestContext, 'signal' | '_meta' | 'sendNotification'>;

/** Reports the progress of a call to the client, if the client has asked for it. */
type Report = (progress: {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}) => Promise<void>;

type Functions = Readonly<Record<string, ((...args: readonly unknown[]) => unknown) | undefined>>;

/**
 * Calls the method of a tool.
 *
 * @param given the arguments by name.
 * @throws what the arguments, the load or the call are rejected with.
 */
export async function callTool(
  { method, isWrapped }: MethodTool,
  given: Readonly<Record<string, unknown>>,
  load: () => Promise<Plugin<Interface>>,
  context: CallContext,
  limits: CallLimits,
): Promise<CallToolResult> {
  const args = readArguments(method, given);
  const plugin = await load();
  const call = (plugin.client as Functions)[method.name];
  if (call === undefined) {
    throw new FidiusError('FIDIUS_CALL_NOT_SUPPORTED', `Plugin ${plugin.info.name} has no method ${method.name}`);
  }
  const { signal } = context;
  const report = reporter(context);
  const options = {
    signal,
    ...(limits.timeoutMs === undefined ? {} : { timeoutMs: limits.timeoutMs }),
    // The items of a stream are its progress.
    ...(method.streaming ? {} : { onProgress: (progress: CallProgress) => void report(toNotification(progress)) }),
  };
  const answer = call(...args, options);
  const value = method.streaming
    ? await collect(answer as AsyncIterable<unknown>, report, limits.maxItems)
    : toJson(await answer);
  return {
    content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
    structuredContent: (isWrapped ? { result: value } : value) as Record<string, unknown>,
  };
}

/** The result of a tool for a failed call. A model reads it, so that it can correct its arguments. */
export function failedCall(error: unknown): CallToolResult {
  const code = isFidiusError(error) || isPluginError(error) ? error.code : undefined;
  const lines = [code === undefined ? messageOf(error) : `${code}: ${messageOf(error)}`];
  const details = isPluginError(error) ? jsonOrUndefined(error.details) : undefined;
  if (details !== undefined && details !== null) lines.push(`details: ${JSON.stringify(details)}`);
  if (isFidiusError(error) && error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  return {
    isError: true,
    content: [{ type: 'text', text: lines.join('\n') }],
    // For programs. Clients compare the structured content with the schema of a result, so it cannot be there.
    _meta: { 'fidius/error': { code: code ?? null, message: messageOf(error), details: details ?? null } },
  };
}

/** The arguments of a call in their order. A missing one is `undefined`, which the call rejects unless it is optional. */
function readArguments(method: InterfaceMethod, given: Readonly<Record<string, unknown>>): unknown[] {
  const names = method.arguments.map(({ name }) => name);
  const stray = Object.keys(given).find((name) => !names.includes(name));
  if (stray !== undefined) {
    const near = closest(stray, names);
    throw new FidiusError('FIDIUS_VALUE_ARGUMENT', `${method.name}() has no argument ${JSON.stringify(stray)}`, {
      hint: near === undefined ? `Its arguments are: ${names.join(', ') || 'none'}.` : `Write "${near}".`,
    });
  }
  return method.arguments.map(({ name, type }) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    try {
      if (!isStreamType(type)) return fromJson(type, value);
      if (Array.isArray(value)) return value.map((item) => fromJson(type.item, item));
    } catch (cause) {
      throw new FidiusError('FIDIUS_VALUE_ARGUMENT', `${method.name}(): argument "${name}": ${messageOf(cause)}`, {
        cause,
      });
    }
    throw new FidiusError('FIDIUS_VALUE_ARGUMENT', `${method.name}(): argument "${name}" must be an array of items`);
  });
}

/** Collects the items of a stream, and reports each of them as it arrives. */
async function collect(items: AsyncIterable<unknown>, report: Report, maxItems: number): Promise<JsonValue> {
  const list: JsonValue[] = [];
  for await (const item of items) {
    if (list.length === maxItems) {
      throw new FidiusError('FIDIUS_MCP_TOO_MANY_ITEMS', `The stream has more than ${maxItems} items`, {
        hint: 'Ask for fewer items.',
      });
    }
    const json = toJson(item);
    list.push(json);
    await report({ progress: list.length, message: JSON.stringify(json) });
  }
  return list;
}

function toNotification({ fraction, message }: CallProgress) {
  return { progress: fraction ?? 0, total: 1, ...(message === undefined ? {} : { message }) };
}

function reporter({ _meta, sendNotification }: CallContext): Report {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return async () => {};
  return async (progress) =>
    sendNotification({ method: 'notifications/progress', params: { progressToken, ...progress } });
}

function jsonOrUndefined(value: unknown): JsonValue | undefined {
  try {
    return value === undefined ? undefined : toJson(value);
  } catch {
    return undefined;
  }
}
