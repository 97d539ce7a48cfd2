import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TableConnector } from '../../examples/table-connector-interface.ts';
import { executorNames, PluginError, PluginHost } from '../../src/index.ts';
import { root } from '../support/markdown.ts';
import { tempFolder } from '../support/temp-folder.ts';

const tsx = createRequire(import.meta.url).resolve('tsx/cli');

describe('examples/table-connector.ts', () => {
  it('prints what it stored, passed on, and did not store', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, 'examples/table-connector.ts'], {
      cwd: root,
      encoding: 'utf8',
    });

    expect({ status, stderr, lines: stdout.trimEnd().split('\n') }).toEqual({
      status: 0,
      stderr: '',
      lines: [
        ...[10_000, 20_000, 30_000, 40_000, 50_000].map((count) => `… ${count} orders`),
        'stored 50000 orders',
        'archived 1000 orders',
        'not stored: the connection to the till was lost',
        '50000 orders in the shop',
        "refused: 'orders; DROP TABLE orders' is not the name of a table",
      ],
    });
  });
});

describe.each(executorNames.filter((name) => name !== 'inline'))(
  'examples/plugins/table-connector with the executor %s',
  (executor) => {
    async function connect() {
      const host = await PluginHost.open({ searchPaths: [join(root, 'examples/plugins')], executor });
      onTestFinished(() => host.close());
      const config = { database: join(tempFolder(), 'shop.db'), table: 'orders' };
      const { client } = await host.load('table-connector', TableConnector, { config });
      return client;
    }

    it('stores the orders of a stream, also none, and returns those from a number on', async () => {
      const client = await connect();
      const orders = [1, 2, 3].map((id) => ({ id, customer: `Zoë ${id}`, cents: id * 100 }));

      expect(await client.load([])).toBe(0);
      expect(await client.load(orders)).toBe(3);
      expect(await read(client.extract(2))).toEqual(orders.slice(1));
    });

    it('stores no order of a stream with one that is there already', async () => {
      const client = await connect();
      await client.load([{ id: 7, customer: 'Ada', cents: 1 }]);

      const error: unknown = await client
        .load([8, 7].map((id) => ({ id, customer: 'Ada', cents: 1 })))
        .catch((reason: unknown) => reason);

      expect(error).toBeInstanceOf(PluginError);
      expect(error).toMatchObject({ code: 'DUPLICATE', message: 'UNIQUE constraint failed: orders.id' });
      expect((await read(client.extract(0))).map(({ id }) => id)).toEqual([7]);
    });

    it('stores no order of a source that throws', async () => {
      const client = await connect();
      const lost = new Error('the connection was lost');
      function* failing() {
        yield { id: 1, customer: 'Ada', cents: 1 };
        throw lost;
      }

      await expect(client.load(failing())).rejects.toMatchObject({ cause: lost });
      expect(await read(client.extract(0))).toEqual([]);
    });
  },
);

async function read<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
