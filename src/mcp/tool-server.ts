import type { Interface } from '../contract/interface.ts';
import { closest } from '../errors/closest.ts';
import { describe } from '../errors/options.ts';
import type { Plugin } from '../host/plugin.ts';
import type { PluginHost } from '../host/plugin-host.ts';
import { callTool, failedCall } from './call-tool.ts';
import { loadServer, type SdkFormat, type Server } from './sdk.ts';
import { type McpPlugin, type MethodTool, type ToolName, toolsOf } from './tools.ts';

/** Options of `createMcpServer()`. */
export interface McpServerOptions {
  /** The plugins whose methods are the tools. */
  readonly plugins: readonly McpPlugin[];
  /**
   * Name of the server, which clients show.
   *
   * @default 'fidius'
   */
  readonly name?: string | undefined;
  /**
   * Version of the server, which clients show.
   *
   * @default '0'
   */
  readonly version?: string | undefined;
  /**
   * Names the tool of a method. Characters that clients do not accept are replaced by `_`, and a number is added to a name that
   * is taken.
   *
   * @default the method, or `plugin_method` if there are several plugins
   */
  readonly toolName?: ToolName | undefined;
  /**
   * Milliseconds that the call of a tool may take, without the load.
   *
   * @default those of the load or the host
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Maximum number of items of a stream. With one more, the call is cancelled and fails.
   *
   * @default 10_000
   */
  readonly maxItems?: number | undefined;
  /**
   * Receives the error of each call that failed, for logs; clients get its code and message.
   *
   * @default `undefined`
   */
  readonly onError?: ((error: unknown, tool: string) => void) | undefined;
}

/**
 * Creates an MCP server for plugins that come from anywhere. Apart from `createMcpServer()`, because the command does not need the
 * code of a host before the first call.
 */
export async function createToolServer(
  options: McpServerOptions,
  open: (plugin: McpPlugin) => Promise<Plugin<Interface>>,
  format: SdkFormat,
): Promise<Server> {
  const { plugins, name = 'fidius', version = '0', toolName, timeoutMs, maxItems = 10_000, onError } = options;
  const {
    Server: ServerClass,
    CallToolRequestSchema,
    ListToolsRequestSchema,
    McpError,
    ErrorCode,
  } = await loadServer(format);
  const tools = toolsOf(plugins, toolName);
  const docs = new Set(plugins.flatMap(({ interface: { doc } }) => (doc === undefined ? [] : [doc.trim()])));
  const instructions = docs.size === 0 ? {} : { instructions: [...docs].join('\n\n') };
  const server: Server = new ServerClass(
    { name, version },
    { capabilities: { tools: {} }, ...instructions, ...(format === 'require' ? { jsonSchemaValidator } : {}) },
  );

  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [...tools.values()].map(({ definition }) => definition),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, context) => {
    const tool = tools.get(params.name);
    if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, unknownTool(params.name, tools));
    try {
      return await callTool(tool, params.arguments ?? {}, () => open(tool.plugin), context, {
        timeoutMs,
        maxItems,
      });
    } catch (error) {
      // Nobody waits for the answer of a cancelled request.
      if (!context.signal.aborted) onError?.(error, params.name);
      return failedCall(error);
    }
  });
  return server;
}

/** In place of a validator for what users enter, which takes milliseconds to create. The command asks its users nothing. */
const jsonSchemaValidator = {
  getValidator(): never {
    throw new Error('This server asks its users nothing');
  },
};

function unknownTool(name: string, tools: ReadonlyMap<string, MethodTool>): string {
  const near = closest(name, [...tools.keys()]);
  return `There is no tool ${describe(name)}.${near === undefined ? '' : ` The nearest name is ${near}.`}`;
}

/** The open plugin of the host, or the one that is loaded now. A failed load is tried again with the next call. */
export async function openPlugin(
  host: PluginHost,
  { name, interface: definition, load }: McpPlugin,
): Promise<Plugin<Interface>> {
  const open = host.plugins.findLast(({ info }) => info.name === name && info.interfaceHash === definition.hash);
  if (open !== undefined) return open;
  const loads = running.get(host) ?? new Map<string, Promise<Plugin<Interface>>>();
  running.set(host, loads);
  const key = `${name} ${definition.hashHex}`;
  const loading = loads.get(key) ?? (load === undefined ? host.load(name, definition) : load());
  loads.set(key, loading);
  try {
    return await loading;
  } finally {
    if (loads.get(key) === loading) loads.delete(key);
  }
}

/** Loads that have not ended, by name and interface: servers of one host share the plugins. */
const running = new WeakMap<PluginHost, Map<string, Promise<Plugin<Interface>>>>();
