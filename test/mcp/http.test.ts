import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fidiusIn } from '../support/cli-here.ts';
import { type McpHttp, startHttp, workshopModule } from '../support/mcp-process.ts';
import { writeWorkshop } from '../support/workshop.ts';

const page = 'http://page.example';
const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'page', version: '1' } },
};

let server: McpHttp;
// Not a folder of one test: the server is started once.
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-mcp-')));

beforeAll(async () => {
  writeWorkshop(folder);
  const argv = [
    'workshop',
    '--interface',
    workshopModule,
    '--http',
    '0',
    '--allow-origin',
    page,
    '--allow-host',
    'My.Name',
  ];
  server = await startHttp(folder, argv);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe('fidius mcp --http', () => {
  it('serves clients that send the token', async () => {
    await using first = await connect();
    await using second = await connect();

    const answers = await Promise.all(
      [first, second].map(async ({ client }) => client.callTool({ name: 'greet', arguments: { name: 'x' } })),
    );

    expect((await first.client.listTools()).tools.length).toBe(9);
    expect(answers.map(({ structuredContent }) => structuredContent)).toEqual([
      { result: 'Hello, x' },
      { result: 'Hello, x' },
    ]);
  });

  it('takes arguments of several megabytes', async () => {
    await using connection = await connect();
    const data = Buffer.alloc(6_000_000).toString('base64');

    const { structuredContent } = await connection.client.callTool({ name: 'size', arguments: { data } });

    expect(structuredContent).toEqual({ result: 6_000_000 });
  });

  it('keeps serving when a client disconnects in the middle of a call', async () => {
    const gone = await connect();
    const waiting = gone.client.callTool({ name: 'wait', arguments: { folder } }).catch(() => undefined);
    await gone.client.close();
    await waiting;
    await using other = await connect();

    const { structuredContent } = await other.client.callTool({ name: 'greet', arguments: { name: 'x' } });

    expect(structuredContent).toEqual({ result: 'Hello, x' });
  });

  it.each<[string, number, Record<string, string | undefined>]>([
    ['without a token', 401, { authorization: undefined }],
    ['with another token', 401, { authorization: 'Bearer AAAA' }],
    ['with the token in another scheme', 401, { authorization: 'Basic {token}' }],
    ['of a page that the operator did not allow', 403, { origin: 'http://evil.example' }],
    ['of a file that a browser shows', 403, { origin: 'null' }],
    ['of a page of another port of this machine', 403, { origin: 'http://localhost:1' }],
    ['to a name that was bound to this machine', 403, { host: 'evil.example' }],
    ['to such a name with the port', 403, { host: 'evil.example:{port}' }],
    ['to a name that begins like this machine', 403, { host: 'localhost.evil.example:{port}' }],
    ['to a session that does not exist', 404, { 'mcp-session-id': 'x' }],
  ])('refuses a request %s', async (_what, status, headers) => {
    const answer = await send(headers);

    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('serverInfo');
    expect(answer.headers['mcp-session-id']).toBeUndefined();
  });

  it.each([
    ['127.0.0.1:{port}', undefined],
    ['localhost:{port}', undefined],
    ['my.name', undefined],
    ['127.0.0.1:{port}', page],
  ])('accepts a request to %s of the page %s', async (host, origin) => {
    const answer = await send({ host, origin });

    expect(answer.status).toBe(200);
    expect(answer.body).toContain('"serverInfo":{"name":"workshop"');
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
  });

  it('tells a browser whether a page may call', async () => {
    const allowed = await send({ origin: page, authorization: undefined }, 'OPTIONS');
    const refused = await send({ origin: 'http://evil.example', authorization: undefined }, 'OPTIONS');

    expect(allowed).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': page } });
    expect(refused).toMatchObject({ status: 403 });
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('refuses a request of more than 16 MiB', async () => {
    const answer = await send({ 'content-length': String(17 * 1024 * 1024) });

    expect(answer.status).toBe(413);
  });

  it('ends with the exit code 0 when it is terminated', async () => {
    const other = await startHttp(folder, ['workshop', '--interface', workshopModule, '--http=127.0.0.1:0']);
    other.process.kill('SIGTERM');

    expect(await once(other.process, 'exit')).toEqual([0, null]);
  });

  it('reports a port that is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };

    const { exitCode, stderr } = await fidiusIn(folder, [
      'mcp',
      'workshop',
      '--interface',
      workshopModule,
      '--http',
      String(port),
    ]);

    taken.close();
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `error: Cannot listen on 127.0.0.1:${port}: the port is in use\nhint: Choose another port, or 0 for any free one.\n`,
    });
  });

  it('reports an address that is not one', async () => {
    const outcome = await fidiusIn(folder, ['mcp', 'workshop', '--interface', workshopModule, '--http=here']);

    expect(outcome).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('takes a port, or a host and a port, after --http, not here'),
    });
  });
});

async function connect(): Promise<AsyncDisposable & { readonly client: Client }> {
  const client = new Client({ name: 'test', version: '1' });
  const requestInit = { headers: { Authorization: `Bearer ${server.token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit }));
  return { client, [Symbol.asyncDispose]: async () => client.close() };
}

interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Sends a request as a browser or an attacker does, with any headers. It begins a session where it is accepted. */
async function send(given: Record<string, string | undefined>, method = 'POST'): Promise<HttpAnswer> {
  const { port } = new URL(server.url);
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: 'Bearer {token}',
    ...given,
  };
  const filled = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value.replace('{token}', server.token).replace('{port}', port)]],
  );
  const sent = request(server.url, { method, headers: Object.fromEntries(filled) as Record<string, string> });
  sent.end(method === 'POST' ? JSON.stringify(initialize) : undefined);
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}
