import { appendFile, cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { generateKeyPair, SecretKey, signPackage } from 'fidius/packaging';

const folder = await mkdtemp(join(tmpdir(), 'mcp-client-'));

try {
  // The author signs the package and publishes the public key.
  const key = SecretKey.generate();
  const { publicPath } = await generateKeyPair(join(folder, 'author'), key);
  const packages = join(folder, 'packages');
  const weather = join(packages, 'weather-insight');
  await cp(`${import.meta.dirname}/../plugins/weather-insight`, weather, { recursive: true });
  await signPackage(weather, { key, byteCode: 'remove' });

  await withClient([packages, publicPath, join(folder, 'store')], async (client) => {
    const { tools } = await client.listTools();
    console.log(`tools: ${tools.map(({ name }) => name).join(', ')}`);
    const data = await readFile(`${import.meta.dirname}/../data/seattle-weather.csv`, 'base64');
    const days = (await call(client, 'parse', { data })).structuredContent?.['result'];
    console.log('dryspell:', (await call(client, 'dryspell', { days, limit: 0 })).structuredContent);
    console.log('refused:', textOf(await call(client, 'dryspell', { days: [], limit: 0 })));
  });

  // The package is changed. Its tools are listed, because no code of it runs for that, but none of them works.
  await appendFile(join(weather, 'weather_insight.py'), '\nprint("changed")\n');
  await withClient([packages, publicPath, join(folder, 'store')], async (client) => {
    console.log('changed:', textOf(await call(client, 'dryspell', { days: [], limit: 0 })).split('\n')[0]);
  });
} finally {
  await rm(folder, { recursive: true });
}

/** Starts the server, as an assistant or an editor does. It ends together with the connection. */
async function withClient(args: readonly string[], use: (client: Client) => Promise<void>): Promise<void> {
  const server = join(import.meta.dirname, 'mcp-server.ts');
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ['--import', 'tsx', server, ...args],
    cwd: import.meta.dirname,
  });
  const client = new Client({ name: 'cookbook', version: '1.0.0' });
  await client.connect(transport);
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<CallToolResult> {
  return (await client.callTool({ name, arguments: args })) as CallToolResult;
}

function textOf({ content: [first] }: CallToolResult): string {
  return first?.type === 'text' ? first.text : '';
}
