import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { CallToolResult, ServerNotification, ServerRequest, Tool } from '@modelcontextprotocol/sdk/types.js';
import { FidiusError } from '../errors/fidius-error.ts';

// The only file that imports the SDK of MCP, which users install themselves. Everything in it is imported on demand.

export type { CallToolResult, Server, StdioServerTransport, StreamableHTTPServerTransport, Tool };

/** What a request handler knows about its request. */
export type RequestContext = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** @throws FidiusError `FIDIUS_MCP_SDK_MISSING`. */
export async function importServer() {
  return importing(async () => {
    const { Server: ServerClass } = await import('@modelcontextprotocol/sdk/server/index.js');
    const types = await import('@modelcontextprotocol/sdk/types.js');
    return { Server: ServerClass, ...types };
  });
}

/** @throws FidiusError `FIDIUS_MCP_SDK_MISSING`. */
export async function importStdioTransport() {
  return importing(async () => (await import('@modelcontextprotocol/sdk/server/stdio.js')).StdioServerTransport);
}

/** @throws FidiusError `FIDIUS_MCP_SDK_MISSING`. */
export async function importHttpTransport() {
  return importing(
    async () => (await import('@modelcontextprotocol/sdk/server/streamableHttp.js')).StreamableHTTPServerTransport,
  );
}

async function importing<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new FidiusError('FIDIUS_MCP_SDK_MISSING', 'MCP needs the package @modelcontextprotocol/sdk', {
      cause,
      hint: 'Install it next to fidius: `npm install @modelcontextprotocol/sdk`.',
    });
  }
}

/** Whether the SDK itself is not there. A package that it lacks is another problem. */
function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const codes = ['ERR_MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED', 'MODULE_NOT_FOUND'];
  return codes.includes(String(error.code)) && error.message.includes("'@modelcontextprotocol/sdk'");
}
