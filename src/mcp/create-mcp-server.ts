import { type Interface, isInterface } from '../contract/interface.ts';
import { closest } from '../errors/closest.ts';
import { FidiusTypeError } from '../errors/fidius-error.ts';
import { checkCount, checkOptionNames, checkTimeout, describe } from '../errors/options.ts';
import type { Plugin } from '../host/plugin.ts';
import { PluginHost } from '../host/plugin-host.ts';
import { callTool, failedCall } from './call-tool.ts';
import { loadServer, type SdkFormat, type Server } from './sdk.ts';
import { type McpPlugin, type MethodTool, type ToolName, toolsOf } from './tools.ts';

/** Options of {@link createMcpServer}. */
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

const optionNames = ['plugins', 'name', 'version', 'toolName', 'timeoutMs', 'maxItems', 'onError'];

/** Loads that have not ended, by name and interface: servers of one host share the plugins. */
const running = new WeakMap<PluginHost, Map<string, Promise<Plugin<Interface>>>>();

/**
 * Creates an MCP server whose tools are the methods of plugins. A plugin is loaded when one of its tools is called for the first
 * time, and stays open until the host closes it.
 *
 * Connect it with a transport of the SDK: `await server.connect(new StdioServerTransport())`. Each connection needs a server of
 * its own; the servers of one host share its plugins.
 *
 * @throws FidiusError `FIDIUS_MCP_SDK_MISSING`, `FIDIUS_ARGUMENT_INVALID`, `FIDIUS_OPTION_UNKNOWN`, `FIDIUS_OPTION_INVALID`.
 */
export async function createMcpServer(host: PluginHost, options: McpServerOptions): Promise<Server> {
  checkOptions(host, options);
  return createToolServer(options, async (plugin) => openPlugin(host, plugin), 'import');
}

/** The same for plugins that come from anywhere. */
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
    // The default one is a validator of JSON Schema for what users enter, and takes milliseconds to create.
    { capabilities: { tools: {} }, ...instructions, jsonSchemaValidator: noValidator },
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

const noValidator = {
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

function checkOptions(host: unknown, options: McpServerOptions): void {
  if (!(host instanceof PluginHost)) {
    const message = `createMcpServer() takes a host that PluginHost.open() returned, got ${describe(host)}`;
    throw new FidiusTypeError('FIDIUS_ARGUMENT_INVALID', message);
  }
  checkOptionNames('createMcpServer()', options, optionNames);
  const { plugins, name, version, toolName, timeoutMs, maxItems, onError } = options;
  if (!Array.isArray(plugins) || plugins.length === 0) throw invalid('plugins', 'an array of plugins', plugins);
  for (const [index, plugin] of (plugins as readonly McpPlugin[]).entries()) {
    const place = `plugins[${index}]`;
    checkOptionNames(`${place} of createMcpServer()`, plugin, ['name', 'interface', 'load']);
    if (typeof plugin.name !== 'string') throw invalid(`${place}.name`, 'the name of a package', plugin.name);
    if (!isInterface(plugin.interface)) throw invalid(`${place}.interface`, 'an interface', plugin.interface);
    checkType(`${place}.load`, plugin.load, 'function');
  }
  checkType('name', name, 'string');
  checkType('version', version, 'string');
  checkType('toolName', toolName, 'function');
  checkType('onError', onError, 'function');
  checkTimeout('timeoutMs', timeoutMs);
  checkCount('maxItems', maxItems, 1, Number.MAX_SAFE_INTEGER);
}

function checkType(name: string, value: unknown, type: 'function' | 'string'): void {
  if (value !== undefined && typeof value !== type) throw invalid(name, `a ${type}`, value);
}

function invalid(name: string, expected: string, value: unknown): FidiusTypeError {
  const message = `${name} of createMcpServer() must be ${expected}, got ${describe(value)}`;
  return new FidiusTypeError('FIDIUS_OPTION_INVALID', message);
}
