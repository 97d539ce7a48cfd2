import { createRequire } from 'node:module';
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

/**
 * Loads one module of the SDK. A program gets the one that it would import itself. A command uses `require()`, which loads the
 * 150 files below the SDK in two thirds of the time.
 */
export type SdkFormat = 'import' | 'require';

/** @throws FidiusError `FIDIUS_MCP_SDK_MISSING`. */
export async function loadServer(format: SdkFormat) {
  const types = await loading(
    format,
    '@modelcontextprotocol/sdk/types.js',
    async () => import('@modelcontextprotocol/sdk/types.js'),
  );
  const { Server: ServerClass } = await loading(
    format,
    '@modelcontextprotocol/sdk/server/index.js',
    async () => import('@modelcontextprotocol/sdk/server/index.js'),
  );
  return { Server: ServerClass, ...types };
}

/** @throws FidiusError `FIDIUS_MCP_SDK_MISSING`. */
export async function loadStdioTransport(format: SdkFormat) {
  const path = '@modelcontextprotocol/sdk/server/stdio.js';
  const module = await loading(format, path, async () => import('@modelcontextprotocol/sdk/server/stdio.js'));
  return module.StdioServerTransport;
}

/** @throws FidiusError `FIDIUS_MCP_SDK_MISSING`. */
export async function loadHttpTransport(format: SdkFormat) {
  const path = '@modelcontextprotocol/sdk/server/streamableHttp.js';
  const module = await loading(format, path, async () => import('@modelcontextprotocol/sdk/server/streamableHttp.js'));
  return module.StreamableHTTPServerTransport;
}

async function loading<T>(format: SdkFormat, path: string, load: () => Promise<T>): Promise<T> {
  try {
    return format === 'import' ? await load() : (createRequire(import.meta.url)(path) as T);
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
  // `import()` names the package, and `require()` the file.
  return codes.includes(String(error.code)) && /'@modelcontextprotocol\/sdk['/]/.test(error.message);
}
