import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FidiusError } from '../errors/fidius-error.ts';
import { messageOf } from '../errors/is-error.ts';
import { loadHttpTransport, type Server, type StreamableHTTPServerTransport } from './sdk.ts';

/** How an MCP server is served over HTTP. */
export interface HttpOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Names of this machine that requests may be sent to, without port, in addition to that of the address. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages that may call, such as `http://localhost:6274`. */
  readonly allowedOrigins: readonly string[];
  /** Maximum size of a request in bytes. */
  readonly maxBytes: number;
  /** Creates the server of one session. */
  readonly createServer: () => Promise<Server>;
}

/** A server that listens. */
export interface HttpListener {
  /** Where clients connect. */
  readonly url: string;
  /** What clients send in the header `Authorization: Bearer …`. */
  readonly token: string;
  /** Ends all sessions, and stops listening. */
  close(): Promise<void>;
}

const path = '/mcp';

/** A session is created by each client that connects; clients need not say that they have gone. */
const mostSessions = 64;

interface Session {
  readonly transport: StreamableHTTPServerTransport;
  readonly server: Server;
  /** Requests that are not answered, including open event streams. */
  open: number;
}

/**
 * Listens for MCP clients, with the transport "streamable HTTP".
 *
 * A page in a browser can send requests to every port of this machine. Such a request has the header `Origin`, and one from a
 * page whose name was bound to this machine (DNS rebinding) has a foreign `Host`; both are refused before anything else. All
 * others need a token, as other users of this machine can reach the port as well.
 *
 * @throws FidiusError `FIDIUS_MCP_ADDRESS`, `FIDIUS_MCP_SDK_MISSING`.
 */
export async function serveHttp(options: HttpOptions): Promise<HttpListener> {
  const Transport = await loadHttpTransport('require');
  const token = randomBytes(32).toString('base64url');
  const sessions = new Map<string, Session>();

  const openSession = async (): Promise<Session> => {
    const server = await options.createServer();
    const transport: StreamableHTTPServerTransport = new Transport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, session),
      maxRequestBodySize: options.maxBytes,
    });
    const session: Session = { transport, server, open: 0 };
    server.onclose = () => {
      if (transport.sessionId !== undefined) sessions.delete(transport.sessionId);
    };
    // The transport has the properties of the interface, as accessors whose values may be undefined.
    await server.connect(transport as Parameters<Server['connect']>[0]);
    return session;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (typeof id === 'string' && known === undefined) return refuse(response, 404, 'There is no such session');
    const session = known ?? (await openSession());
    touch(sessions, session);
    session.open += 1;
    response.once('close', () => (session.open -= 1));
    await session.transport.handleRequest(request, response);
    // Only a request that initializes creates a session.
    if (known === undefined && session.transport.sessionId === undefined) await session.server.close();
    await endOldest(sessions);
  };

  const http = createServer((request, response) => {
    const problem = checkRequest(request, response, options, http, token);
    if (problem === 'answered') return;
    if (problem !== undefined) {
      refuse(response, ...problem);
      return;
    }
    answer(request, response).catch((error: unknown) => refuse(response, 500, messageOf(error)));
  });
  await listen(http, options);
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}${path}`,
    token,
    async close() {
      const closed = new Promise((resolve) => http.close(resolve));
      await Promise.all([...sessions.values()].map(({ server }) => server.close()));
      http.closeAllConnections();
      await closed;
    },
  };
}

type Refusal = readonly [status: number, reason: string];

function checkRequest(
  { headers, method, url = '' }: IncomingMessage,
  response: ServerResponse,
  { host, allowedHosts, allowedOrigins }: HttpOptions,
  http: HttpServer,
  token: string,
): Refusal | 'answered' | undefined {
  const { port } = http.address() as AddressInfo;
  const hosts = ['127.0.0.1', 'localhost', '[::1]', host.includes(':') ? `[${host}]` : host, ...allowedHosts];
  const isKnownHost = hosts.some((name) => [name, `${name}:${port}`].includes(headers.host?.toLowerCase() ?? ''));
  if (!isKnownHost) return [403, 'The header Host names another machine (see --allow-host)'];
  const { origin } = headers;
  if (origin !== undefined) {
    if (!allowedOrigins.includes(origin)) return [403, 'Web pages of this origin may not call (see --allow-origin)'];
    allowPage(response, origin);
    if (method === 'OPTIONS') {
      response.writeHead(204).end();
      return 'answered';
    }
  }
  if (!isToken(headers.authorization, token)) {
    response.setHeader('WWW-Authenticate', 'Bearer');
    return [401, 'The header Authorization must be "Bearer" and the token that the server printed'];
  }
  return url.split('?')[0] === path ? undefined : [404, `There is only ${path}`];
}

/** Tells a browser that a page of the origin may send requests and read answers. */
function allowPage(response: ServerResponse, origin: string): void {
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
  response.setHeader(
    'Access-Control-Allow-Headers',
    'Authorization, Content-Type, Mcp-Session-Id, Mcp-Protocol-Version, Last-Event-ID',
  );
  response.setHeader('Access-Control-Expose-Headers', 'Mcp-Session-Id');
  response.setHeader('Vary', 'Origin');
}

/** Takes the same time for every wrong token. */
function isToken(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message: reason }, id: null });
  response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' }).end(body);
}

/** Makes a session the last one to be ended. */
function touch(sessions: Map<string, Session>, session: Session): void {
  const { sessionId } = session.transport;
  if (sessionId === undefined) return;
  sessions.delete(sessionId);
  sessions.set(sessionId, session);
}

async function endOldest(sessions: ReadonlyMap<string, Session>): Promise<void> {
  if (sessions.size <= mostSessions) return;
  const unused = [...sessions.values()].find(({ open }) => open === 0);
  await unused?.server.close();
}

async function listen(http: HttpServer, { host, port }: HttpOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject).listen(port, host, () => {
        http.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const isUsed = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
    const reason = isUsed ? 'the port is in use' : messageOf(cause);
    throw new FidiusError('FIDIUS_MCP_ADDRESS', `Cannot listen on ${host}:${port}: ${reason}`, {
      cause,
      hint: isUsed ? 'Choose another port, or 0 for any free one.' : 'Choose an address of this machine.',
    });
  }
}
