import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { fidius } from './run-fidius.ts';

/** The interface of `writeWorkshop()`. */
export const workshopModule = join(import.meta.dirname, '../fixtures/interfaces/workshop.ts');

/** `fidius mcp` over standard input and output, with the client of the SDK. */
export interface McpStdio extends AsyncDisposable {
  readonly client: Client;
  readonly pid: number;
  /** Standard error so far. */
  stderr(): string;
  /** What the client could not read as messages of the protocol. */
  readonly errors: readonly Error[];
}

export async function connectStdio(cwd: string, argv: readonly string[]): Promise<McpStdio> {
  const [command, ...before] = fidius;
  const transport = new StdioClientTransport({ command, args: [...before, 'mcp', ...argv], cwd, stderr: 'pipe' });
  let text = '';
  (transport.stderr as Readable).on('data', (chunk: Buffer) => (text += chunk.toString()));
  const errors: Error[] = [];
  const client = new Client({ name: 'test', version: '1' });
  client.onerror = (error) => errors.push(error);
  await client.connect(transport);
  const pid = transport.pid ?? 0;
  return { client, pid, errors, stderr: () => text, [Symbol.asyncDispose]: async () => client.close() };
}

/** `fidius mcp --http` in a process. */
export interface McpHttp extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly url: string;
  readonly token: string;
}

export async function startHttp(cwd: string, argv: readonly string[]): Promise<McpHttp> {
  const [command, ...before] = fidius;
  const child = spawn(command, [...before, 'mcp', ...argv], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let text = '';
  const found = await new Promise<RegExpExecArray>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const match = /Listening on (\S+)\nAuthorization: Bearer (\S+)\n/.exec(text);
      if (match !== null) resolve(match);
    });
    void ended.then(() => reject(new Error(`fidius mcp has ended: ${text}`)));
  });
  const [, url = '', token = ''] = found;
  return {
    process: child,
    url,
    token,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
