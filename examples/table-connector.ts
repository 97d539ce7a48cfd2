import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallProgress, isPluginError, PluginHost } from 'fidius';
import { TableConnector } from './table-connector-interface.ts';

const folder = await mkdtemp(join(tmpdir(), 'table-connector-'));

try {
  await using host = await PluginHost.open({ searchPaths: [`${import.meta.dirname}/plugins`] });
  const connect = (database: string, table: string) =>
    host.load('table-connector', TableConnector, { config: { database: join(folder, database), table } });

  // Two instances of one package, each with its own database.
  const shop = await connect('shop.db', 'orders');
  const archive = await connect('archive.db', 'old_orders');

  // The plugin reads this source as it stores the orders: they never are in memory all at once.
  const onProgress = ({ message }: CallProgress) => console.log(`… ${message}`);
  console.log(`stored ${await shop.client.load(orders(1, 50_000), { onProgress })} orders`);

  // A stream of one plugin is the source of another.
  console.log(`archived ${await archive.client.load(shop.client.extract(49_001))} orders`);

  // An error of the source is an exception in Python: nothing of this load stays in the database.
  try {
    await shop.client.load(interrupted());
  } catch (error) {
    if (!isPluginError(error)) throw error;
    console.log(`not stored: ${(error.cause as Error).message}`);
  }

  let count = 0;
  for await (const _ of shop.client.extract(0)) count += 1;
  console.log(`${count} orders in the shop`);

  await connect('shop.db', 'orders; DROP TABLE orders').catch((error: unknown) => {
    console.log(`refused: ${(error as { cause: Error }).cause.message}`);
  });
} finally {
  await rm(folder, { recursive: true });
}

function* orders(first: number, last: number) {
  for (let id = first; id <= last; id += 1) yield { id, customer: `customer ${id % 97}`, cents: id * 5 };
}

async function* interrupted() {
  yield* orders(50_001, 50_100);
  throw new Error('the connection to the till was lost');
}
