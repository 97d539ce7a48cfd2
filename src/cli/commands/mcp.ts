import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Writable } from 'node:stream';
import type { Interface } from '../../contract/interface.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { isPluginError } from '../../errors/plugin-error.ts';
import type { PluginHost } from '../../host/plugin-host.ts';
import type { Server } from '../../mcp/sdk.ts';
import type { ArchiveLimits } from '../../packaging/archive/limits.ts';
import type { Manifest } from '../../packaging/manifest/manifest.ts';
import { type CommandIo, Interruption } from '../command-io.ts';
import { defineCommand } from '../define-command.ts';
import { fidiusVersion } from '../help.ts';
import { importNamedInterface } from '../import-interface.ts';
import { note } from '../output/messages.ts';
import { UsageError } from '../parse-arguments.ts';
import {
  limitHints,
  limitOptions,
  namesTrust,
  pythonOptions,
  readTrust,
  toLimits,
  trustOptions,
} from '../shared-options.ts';

const defaultAddress = '127.0.0.1:7345';

/** A port, or a host and a port; a host with colons is in brackets. */
const addressForm = /^(?:(\[[\da-fA-F:.]+\]|[^\s:/]+):)?(\d{1,5})$/;

/** How long calls may take to end when the server ends. */
const closingMs = 500;

/**
 * The largest message in bytes. The SDK copies a message of standard input once for each 64 KiB of it: 16 MiB take two seconds,
 * and 64 MiB would take half a minute.
 */
const maxBytes = 16 * 1024 * 1024;

/** `fidius mcp`: serves the methods of packages as tools of the Model Context Protocol. */
export const mcp = defineCommand({
  name: 'mcp',
  summary: 'Serve the methods of packages as tools of an MCP server',
  arguments: { packages: { variadic: true } },
  options: {
    interface: {
      type: 'string',
      multiple: true,
      value: 'module',
      help: 'Take the types of the methods from the interface of this module; repeat it for packages with others',
    },
    http: {
      type: 'string',
      value: 'host:port',
      fallback: { value: defaultAddress, form: addressForm },
      help: `Listen for HTTP instead of standard input (default address: ${defaultAddress})`,
    },
    'allow-host': { type: 'string', multiple: true, value: 'name', help: 'Accept HTTP requests to this host name' },
    'allow-origin': {
      type: 'string',
      multiple: true,
      value: 'origin',
      help: 'Accept HTTP requests of web pages of this origin',
    },
    timeout: { type: 'number', value: 'seconds', help: 'Cancel a call after this time (default: no limit)' },
    ...trustOptions,
    ...limitOptions,
    store: {
      type: 'path',
      value: 'dir',
      help: 'Keep archives and signed packages here instead of in the cache directory',
    },
    ...pythonOptions,
    executor: {
      type: 'string',
      value: 'name',
      choices: ['auto', 'thread', 'process'],
      help: 'Where calls run: process, in a child process (default); thread, in this process; auto, thread where it can',
    },
  },
  hints: limitHints,
  examples: [
    'fidius mcp my-greeter --interface greeter.ts',
    'fidius mcp my-greeter --interface greeter.ts --http 127.0.0.1:8000',
  ],
  async run({ options, args: { packages } }, io) {
    const address = options.http === undefined ? undefined : readAddress(options.http);
    const { createToolServer, openPlugin } = await import('../../mcp/tool-server.ts');
    const limits = toLimits(options);
    const interfaces = await Promise.all(
      options.interface.map(async (module) => (await importNamedInterface(module, io.cwd)).definition),
    );
    const found = await Promise.all(
      packages.map((path) => readPackage(resolve(io.cwd, path), path, interfaces, limits)),
    );
    const trust = namesTrust(options) ? await readTrust(options) : {};
    let host: Promise<PluginHost> | undefined;
    // Opened for the first call, because its code is not needed before.
    const openHost = async () => {
      const { PluginHost: Host } = await import('../../host/plugin-host.ts');
      return Host.open({
        executor: options.executor ?? 'process',
        python: options.python,
        libpython: options.libpython,
        storeDir: options.store,
        archiveLimits: limits,
        ...trust,
        // Standard output belongs to the protocol.
        onOutput: ({ text }) => io.stderr.write(`${text}\n`),
      });
    };
    const createServer = () => {
      const plugins = found.map(({ path, name, definition }) => ({
        name,
        interface: definition,
        load: async () => (await (host ??= openHost())).loadPath({ path, name }, definition),
      }));
      return createToolServer(
        {
          name: found.length === 1 ? (found[0]?.name ?? 'fidius') : 'fidius',
          version: fidiusVersion(),
          plugins,
          timeoutMs: options.timeout === undefined ? undefined : options.timeout * 1000,
          onError: (error, tool) => io.stderr.write(failureText(tool, error)),
        },
        async (plugin) => openPlugin(await (host ??= openHost()), plugin),
        'require',
      );
    };
    try {
      if (address === undefined) await serveStdio(createServer, io);
      else await serveHttp(createServer, { ...address, ...options }, io);
    } finally {
      // Nobody waits for the calls that still run.
      await (await host)?.close({ mode: 'abort', timeoutMs: closingMs });
    }
    return {};
  },
});

interface ServedPackage {
  readonly path: string;
  readonly name: string;
  readonly definition: Interface;
}

type CreateServer = () => Promise<Server>;

async function serveStdio(createServer: CreateServer, io: CommandIo): Promise<void> {
  const { loadStdioTransport } = await import('../../mcp/sdk.ts');
  const Transport = await loadStdioTransport('require');
  const server = await createServer();
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // As bytes: text would be escaped for terminals.
      io.stdout.write(chunk);
      done();
    },
  });
  let problem: Error | undefined;
  server.onerror = (error) => {
    problem = error;
  };
  const closed = new Promise<void>((resolve) => {
    server.onclose = resolve;
  });
  const input = io.openStdin();
  // The transport does not notice when its client has gone.
  for (const event of ['end', 'close']) input.once(event, () => void server.close());
  await server.connect(new Transport(input, output, { maxBufferSize: maxBytes }));
  await closed;
  if (!input.readableEnded && !input.destroyed) {
    throw new FidiusError(
      'FIDIUS_MCP_CONNECTION',
      `The connection was closed: ${problem?.message ?? 'unknown reason'}`,
    );
  }
}

async function serveHttp(
  createServer: CreateServer,
  options: {
    readonly host: string;
    readonly port: number;
    readonly 'allow-host': readonly string[];
    readonly 'allow-origin': readonly string[];
  },
  io: CommandIo,
): Promise<void> {
  const { serveHttp: listen } = await import('../../mcp/serve-http.ts');
  const { host, port } = options;
  const listener = await listen({
    host,
    port,
    allowedHosts: options['allow-host'].map((name) => name.toLowerCase()),
    allowedOrigins: options['allow-origin'],
    maxBytes,
    createServer,
  });
  try {
    await io.interruptible(async (signal) => {
      io.stderr.write(`Listening on ${listener.url}\nAuthorization: Bearer ${listener.token}\n`);
      if (!isLoopback(host)) note(io, `other machines can reach ${host}, and the connection is not encrypted`);
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    });
  } catch (error) {
    // The usual end of a server.
    if (!(error instanceof Interruption)) throw error;
  } finally {
    await listener.close();
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function readAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host = '127.0.0.1', port = ''] = addressForm.exec(text) ?? [];
  if (port === '' || Number(port) > 65_535) {
    throw new UsageError(
      `fidius mcp takes a port, or a host and a port, after --http, not ${text}`,
      `Write --http ${defaultAddress}.`,
    );
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

/** Reads the manifest of a package, and finds the interface that it names. Nothing is verified or run. */
async function readPackage(
  path: string,
  given: string,
  interfaces: readonly Interface[],
  limits: ArchiveLimits,
): Promise<ServedPackage> {
  const { name, interface: wanted } = await readPackageManifest(path, limits);
  const definition = interfaces.find((each) => each.name === wanted || each.aliases.includes(wanted));
  if (definition !== undefined) return { path, name, definition };
  if (interfaces.length === 0) {
    throw new FidiusError(
      'FIDIUS_CLI_INTERFACE',
      `The types of the methods of ${given} are unknown: a package contains the hash of its interface, and not the interface`,
      { hint: `Name the module that exports the interface ${wanted}: --interface <module>.` },
    );
  }
  const names = interfaces.map((each) => each.name).join(', ');
  throw new FidiusError('FIDIUS_CLI_INTERFACE', `${given} implements ${wanted}; the given interfaces are: ${names}`, {
    hint: `Name the module that exports ${wanted} with a further --interface <module>.`,
  });
}

async function readPackageManifest(path: string, limits: ArchiveLimits): Promise<Manifest> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) {
    const { readArchiveManifest } = await import('../../packaging/archive/read-archive.ts');
    return readArchiveManifest(path, limits);
  }
  const { readManifest } = await import('../../packaging/manifest/manifest.ts');
  return readManifest(path);
}

/** For the log of the server: the client gets code and message only. */
function failureText(tool: string, error: unknown): string {
  if (isPluginError(error)) return `${tool}: ${error.code}: ${error.message}\n${error.traceback.trimEnd()}\n`;
  return `${tool}: ${error instanceof Error ? error.message : String(error)}\n`;
}
