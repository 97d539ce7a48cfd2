import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { describe, expect, it } from 'vitest';
import { type HostOptions, PluginHost } from '../../src/index.ts';
import { createMcpServer, type McpServerOptions } from '../../src/mcp.ts';
import { Workshop } from '../fixtures/interfaces/workshop.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failure.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeWorkshop } from '../support/workshop.ts';

interface Scene extends AsyncDisposable {
  readonly host: PluginHost;
  readonly client: Client;
  readonly folder: string;
  /** Connects a second client to a server of its own. */
  connect(): Promise<Client>;
}

/** A host, and a client that is connected to a server for it. */
async function open(
  options: Partial<McpServerOptions> = {},
  { executor = 'inline' }: Pick<HostOptions, 'executor'> = {},
): Promise<Scene> {
  const folder = tempFolder();
  writeWorkshop(folder);
  const host = await PluginHost.open({
    executor,
    searchPaths: [folder],
    onNotice: () => undefined,
    onOutput: () => undefined,
  });
  const connect = async () => {
    const server = await createMcpServer(host, { plugins: [{ name: 'workshop', interface: Workshop }], ...options });
    const [near, far] = InMemoryTransport.createLinkedPair();
    await server.connect(far);
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(near);
    // The client compares every result with the schema of its tool from now on.
    await client.listTools();
    return client;
  };
  const client = await connect();
  return {
    host,
    client,
    folder,
    connect,
    async [Symbol.asyncDispose]() {
      await client.close();
      await host.close({ mode: 'abort' });
    },
  };
}

describe('the tools of createMcpServer()', () => {
  it('are the methods of the interface, with documentation and schemas, before anything is loaded', async () => {
    await using scene = await open();

    const { tools } = await scene.client.listTools();

    expect(tools.map(({ name }) => name)).toEqual(Workshop.methods.map(({ name }) => name));
    expect(tools[0]).toMatchInlineSnapshot(`
      {
        "description": "Greets someone.",
        "inputSchema": {
          "additionalProperties": false,
          "properties": {
            "name": {
              "description": "Who is greeted.",
              "type": "string",
            },
          },
          "required": [
            "name",
          ],
          "type": "object",
        },
        "name": "greet",
        "outputSchema": {
          "additionalProperties": false,
          "properties": {
            "result": {
              "type": "string",
            },
          },
          "required": [
            "result",
          ],
          "type": "object",
        },
      }
    `);
    expect(scene.client.getInstructions()).toBe('Does what it is told.');
    expect(scene.host.plugins).toEqual([]);
  });

  it('return structs and maps as structured content, and other results as its property "result"', async () => {
    await using scene = await open();

    const results = await Promise.all([
      scene.client.callTool({ name: 'greet', arguments: { name: 'Wörld' } }),
      scene.client.callTool({ name: 'row', arguments: { id: '18446744073709551615', data: '/wAB' } }),
      scene.client.callTool({ name: 'totals', arguments: { values: [1, 2] } }),
    ]);

    expect(results).toEqual([
      { content: [{ type: 'text', text: 'Hello, Wörld' }], structuredContent: { result: 'Hello, Wörld' } },
      {
        content: [{ type: 'text', text: '{"id":"18446744073709551615","data":"/wAB"}' }],
        structuredContent: { id: '18446744073709551615', data: '/wAB' },
      },
      { content: [{ type: 'text', text: '{"count":2,"sum":3}' }], structuredContent: { count: 2, sum: 3 } },
    ]);
  });

  it('report an exception of the plugin with its code, its message and its details', async () => {
    const errors: unknown[] = [];
    await using scene = await open({ onError: (error, tool) => errors.push([tool, (error as Error).message]) });

    const result = await scene.client.callTool({ name: 'fail' });

    expect(result).toEqual({
      isError: true,
      content: [{ type: 'text', text: 'SOLD_OUT: nothing is left\ndetails: {"left":[0,"1180591620717411303424"]}' }],
      _meta: {
        'fidius/error': {
          code: 'SOLD_OUT',
          message: 'nothing is left',
          details: { left: [0, '1180591620717411303424'] },
        },
      },
    });
    expect(errors).toEqual([['fail', 'nothing is left']]);
  });

  it.each<[string, string, Record<string, unknown>, string]>([
    [
      'of another type',
      'greet',
      { name: 1 },
      'greet() of workshop: argument "name" must be a string, got 1\nhint: Pass a value of that type.',
    ],
    [
      'that is missing',
      'greet',
      {},
      'greet() of workshop: argument "name" must be a string, got undefined\nhint: Pass a value of that type.',
    ],
    ['that is unknown', 'greet', { nam: 'x' }, 'greet() has no argument "nam"\nhint: Write "name".'],
    [
      'that is not base64',
      'size',
      { data: 'A*==' },
      'size(): argument "data": Cannot read value as JSON: it must be base64, got "A*=="',
    ],
    [
      'out of range',
      'totals',
      { values: [1, -1] },
      'totals() of workshop: argument "values[1]" must be an integer from 0 to 4294967295 (u32), got -1\nhint: Pass a value of that type.',
    ],
  ])('answer an argument %s with an error that names it', async (_what, name, given, message) => {
    await using scene = await open();

    const result = await scene.client.callTool({ name, arguments: given });

    expect(result).toMatchObject({ isError: true, content: [{ text: `FIDIUS_VALUE_ARGUMENT: ${message}` }] });
  });

  it('take arguments of several megabytes', async () => {
    await using scene = await open();
    const data = Buffer.alloc(8_000_000, 7).toString('base64');

    const { structuredContent } = await scene.client.callTool({ name: 'size', arguments: { data } });

    expect(structuredContent).toEqual({ result: 8_000_000 });
  });

  it('report an optional method that the plugin lacks', async () => {
    await using scene = await open();

    expect(await scene.client.callTool({ name: 'later' })).toMatchObject({
      isError: true,
      content: [{ text: 'FIDIUS_CALL_NOT_SUPPORTED: Plugin workshop has no method later' }],
    });
  });

  it('are an error of the protocol if they do not exist', async () => {
    await using scene = await open();

    await expect(scene.client.callTool({ name: 'great' })).rejects.toThrow(
      'There is no tool "great". The nearest name is greet.',
    );
  });

  it('stop their call when the client cancels it, and answer afterwards', async () => {
    await using scene = await open({}, { executor: 'thread' });
    const stop = new AbortController();
    const waiting = scene.client.callTool({ name: 'wait', arguments: { folder: scene.folder } }, undefined, {
      signal: stop.signal,
    });
    const outcome = waiting.catch((error: unknown) => String(error));
    await eventually(() => existsSync(join(scene.folder, 'started')));

    stop.abort('enough');

    expect(await outcome).toMatch(/enough/);
    await eventually(() => existsSync(join(scene.folder, 'stopped')));
    expect(await scene.client.callTool({ name: 'greet', arguments: { name: 'x' } })).toMatchObject({
      structuredContent: { result: 'Hello, x' },
    });
  });

  it('stop their call when the client disconnects', async () => {
    await using scene = await open({}, { executor: 'thread' });
    const waiting = scene.client.callTool({ name: 'wait', arguments: { folder: scene.folder } });
    const outcome = waiting.catch((error: unknown) => String(error));
    await eventually(() => existsSync(join(scene.folder, 'started')));

    await scene.client.close();

    expect(await outcome).toMatch(/Connection closed/);
    await eventually(() => existsSync(join(scene.folder, 'stopped')));
  });

  it('stop their call at the time limit', async () => {
    await using scene = await open({ timeoutMs: 200 }, { executor: 'thread' });
    await scene.client.callTool({ name: 'greet', arguments: { name: 'x' } });

    const result = await scene.client.callTool({ name: 'wait', arguments: { folder: scene.folder } });

    expect(result).toMatchObject({ isError: true, _meta: { 'fidius/error': { code: 'FIDIUS_CALL_TIMEOUT' } } });
  });

  it('report the end of a process, and answer from a new one', async () => {
    await using scene = await open({}, { executor: 'process' });

    const died = await scene.client.callTool({ name: 'die' });
    const next = await scene.client.callTool({ name: 'greet', arguments: { name: 'x' } });

    expect(died).toMatchObject({ isError: true, _meta: { 'fidius/error': { code: 'FIDIUS_PROCESS_EXITED' } } });
    expect(next).toMatchObject({ structuredContent: { result: 'Hello, x' } });
  });

  it('report a load that failed, and load again with the next call', async () => {
    await using scene = await open({ plugins: [{ name: 'other', interface: Workshop }] });

    const missing = await scene.client.callTool({ name: 'greet', arguments: { name: 'x' } });
    writeWorkshop(scene.folder, 'other');
    const found = await scene.client.callTool({ name: 'greet', arguments: { name: 'x' } });

    expect(missing).toMatchObject({ isError: true, _meta: { 'fidius/error': { code: 'FIDIUS_PLUGIN_NOT_FOUND' } } });
    expect(found).toMatchObject({ structuredContent: { result: 'Hello, x' } });
  });

  it('load again after the program has closed the plugin', async () => {
    await using scene = await open();
    await scene.client.callTool({ name: 'greet', arguments: { name: 'x' } });
    await scene.host.get('workshop')?.close();

    const result = await scene.client.callTool({ name: 'greet', arguments: { name: 'y' } });

    expect(result).toMatchObject({ structuredContent: { result: 'Hello, y' } });
  });

  it('share their plugin with the other servers of the host', async () => {
    await using scene = await open();
    const other = await scene.connect();

    await Promise.all(
      [scene.client, other].map(async (client) => client.callTool({ name: 'greet', arguments: { name: 'x' } })),
    );

    await other.callTool({ name: 'greet', arguments: { name: 'again' } });

    expect(scene.host.plugins.map(({ info }) => info.name)).toEqual(['workshop']);
    await other.close();
  });
});

describe('the names of tools', () => {
  const one = { name: 'one-shop', interface: Workshop };
  const two = { name: 'zwei/läden', interface: Workshop };

  it('contain the package if there are several, in characters that every client accepts', async () => {
    await using scene = await open({ plugins: [one, two] });

    const names = (await scene.client.listTools()).tools.map(({ name }) => name);

    expect(names.filter((name) => name.endsWith('greet'))).toEqual(['one-shop_greet', 'zwei_l_den_greet']);
  });

  it('can be chosen, and differ in any case', async () => {
    await using scene = await open({ plugins: [one, two], toolName: (_plugin, method) => method.repeat(20) });

    const names = (await scene.client.listTools()).tools.map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => /^[\w-]{1,64}$/.test(name))).toBe(true);
    expect(names.filter((name) => name.startsWith('diedie'))).toEqual(['die'.repeat(20), `${'die'.repeat(20)}_2`]);
  });
});

describe('createMcpServer()', () => {
  const plugins = [{ name: 'workshop', interface: Workshop }];

  it.each<[string, unknown, string]>([
    ['no plugins', { plugins: [] }, 'plugins of createMcpServer() must be an array of plugins, got an array of 0'],
    [
      'a plugin without interface',
      { plugins: [{ name: 'x' }] },
      'plugins[0].interface of createMcpServer() must be an interface, got undefined',
    ],
    ['an unknown option', { plugins, timeout: 1 }, 'Unknown option "timeout" in createMcpServer()'],
    ['a name that is not text', { plugins, name: 1 }, 'name of createMcpServer() must be a string, got 1'],
    [
      'a limit out of range',
      { plugins, maxItems: 0 },
      'maxItems must be a whole number from 1 to 9007199254740991, got 0',
    ],
  ])('rejects %s', async (_what, options, message) => {
    await using host = await PluginHost.open();

    const failure = await failureOf(() => createMcpServer(host, options as McpServerOptions));

    expect(failure).toMatchObject({ message });
  });

  it('rejects what is not a host', async () => {
    const failure = await failureOf(() => createMcpServer({} as PluginHost, { plugins }));

    expect(failure).toMatchObject({ code: 'FIDIUS_ARGUMENT_INVALID' });
  });
});
