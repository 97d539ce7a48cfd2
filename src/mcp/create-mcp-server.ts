import { isInterface } from '../contract/interface.ts';
import { FidiusTypeError } from '../errors/fidius-error.ts';
import { checkCount, checkOptionNames, checkTimeout, describe } from '../errors/options.ts';
import { PluginHost } from '../host/plugin-host.ts';
import type { Server } from './sdk.ts';
import { createToolServer, type McpServerOptions, openPlugin } from './tool-server.ts';
import type { McpPlugin } from './tools.ts';

const optionNames = ['plugins', 'name', 'version', 'toolName', 'timeoutMs', 'maxItems', 'onError'];

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
