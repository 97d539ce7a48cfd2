import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PluginHost } from '../../src/index.ts';
import { createMcpServer } from '../../src/mcp.ts';
import { Workshop } from '../fixtures/interfaces/workshop.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeWorkshop } from '../support/workshop.ts';

async function connect(executor: 'thread' | 'process', maxItems?: number): Promise<Client> {
  const folder = tempFolder();
  const name = `streaming_${executor}`;
  writeWorkshop(folder, name);
  const host = await PluginHost.open({ executor, searchPaths: [folder], onOutput: () => undefined });
  const limits = maxItems === undefined ? {} : { maxItems };
  const server = await createMcpServer(host, { plugins: [{ name, interface: Workshop }], ...limits });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await server.connect(far);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(near);
  await client.listTools();
  onTestFinished(async () => {
    await client.close();
    await host.close({ mode: 'abort' });
  });
  return client;
}

describe.each(['thread', 'process'] as const)(
  'a tool whose method returns a stream, with the executor %s,',
  (executor) => {
    it('reports each item as progress, and answers with all of them', async () => {
      const client = await connect(executor);
      const progress: unknown[] = [];

      const answer = await client.callTool({ name: 'count', arguments: { to: 3 } }, undefined, {
        onprogress: (each) => progress.push(each.progress),
      });

      expect(answer.isError).not.toBe(true);
      expect(JSON.stringify(answer.structuredContent)).toContain('[0,1,2]');
      expect(progress).toEqual([1, 2, 3]);
    });

    it('is an error when there are too many items, and ends the generator', async () => {
      const client = await connect(executor, 2);

      const answer = await client.callTool({ name: 'count', arguments: { to: 1_000_000 } });

      expect(answer).toMatchObject({ isError: true });
      expect(JSON.stringify(answer.content)).toContain('more than 2 items');
    });
  },
);
