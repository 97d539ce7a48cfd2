/** The entry `fidius/mcp`: plugins as the tools of an MCP server. Re-exports, nothing else. */

import './errors/require-node.ts';

export { createMcpServer } from './mcp/create-mcp-server.ts';
export type { McpServerOptions } from './mcp/tool-server.ts';
export type { McpPlugin, ToolName as McpToolName } from './mcp/tools.ts';
