import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { defineInterface, type Interface, method, PluginHost, t } from '../../src/index.ts';
import { tempFolder } from '../support/temp-folder.ts';

/**
 * The plugins with which the reference tests its streams and configured instances, unchanged. They are in its repository
 * and not in its crates: FIDIUS_REFERENCE_CHECKOUT names a checkout of it. Without one, the tests are skipped.
 */
const checkout = process.env['FIDIUS_REFERENCE_CHECKOUT'] ?? '';
const skipped = !existsSync(join(checkout, 'tests/test-plugin-py-ticker'));
if (skipped) console.log('FIDIUS_REFERENCE_CHECKOUT names no checkout of the reference: its fixtures are not run.');

// Set before the interpreter of this process starts, which keeps the environment of that time.
const marker = join(tmpdir(), `fidius-ticker-${process.pid}`);
process.env['FIDIUS_TICKER_CLEANUP_MARKER'] = marker;
afterEach(() => rmSync(marker, { force: true }));

const tick = method({ count: t.u32 }, t.stream(t.u64));
const Ticker = defineInterface('Ticker', { version: 1, methods: { tick } });
const ConfiguredTicker = defineInterface('Ticker', {
  version: 1,
  config: t.struct('Cfg', { base: t.u64 }),
  methods: { tick },
});
const BytePipe = defineInterface('BytePipe', {
  version: 1,
  config: t.struct('PipeConfig', { display_name: t.string }),
  methods: { reverse: method.raw(), name: method({}, t.string) },
});
const Sink = defineInterface('Sink', { version: 1, methods: { load: method({ rows: t.stream(t.u64) }, t.u64) } });
const Transformer = defineInterface('Transformer', {
  version: 1,
  methods: { transform: method({ rows: t.stream(t.u64) }, t.stream(t.u64)) },
});

describe.skipIf(skipped).each(['inline', 'thread', 'process'] as const)('fixtures with the executor %s', (executor) => {
  const open = (fixture: string, name: string, module: string, definition: Interface) =>
    PluginHost.open({
      searchPaths: [stage(fixture, name, module, definition)],
      executor,
      process: { env: { FIDIUS_TICKER_CLEANUP_MARKER: marker } },
    });

  it('test-plugin-py-ticker streams all items', async () => {
    await using host = await open('py-ticker', 'py-ticker', 'ticker', Ticker);
    const { client } = await host.load('py-ticker', Ticker);

    expect(await numbers(client.tick(5))).toEqual([0, 1, 2, 3, 4]);
    expect(readFileSync(marker, 'utf8')).toBe('cleaned-up');
  });

  it('test-plugin-py-ticker writes its marker when the reader leaves after three of ten million items', async () => {
    await using host = await open('py-ticker', 'py-ticker', 'ticker', Ticker);
    const { client } = await host.load('py-ticker', Ticker);
    const items: number[] = [];

    for await (const item of client.tick(10_000_000)) if (items.push(Number(item)) === 3) break;

    expect(items).toEqual([0, 1, 2]);
    expect(readFileSync(marker, 'utf8')).toBe('cleaned-up');
  });

  it('test-plugin-py-configured-stream streams from the base of its configuration', async () => {
    await using host = await open('py-configured-stream', 'py-configured-ticker', 'configured_ticker', Ticker);
    const { client } = await host.load('py-configured-ticker', ConfiguredTicker, { config: { base: 100 } });

    expect(await numbers(client.tick(3))).toEqual([100, 101, 102]);
  });

  it('test-plugin-py-configured answers typed and raw calls from one instance', async () => {
    await using host = await open('py-configured', 'py-configured-pipe', 'configured_pipe', BytePipe);
    const { client } = await host.load('py-configured-pipe', BytePipe, { config: { display_name: 'configured-pipe' } });

    expect(await client.name()).toBe('configured-pipe');
    expect(Buffer.from(await client.reverse(Buffer.from('abc'))).toString()).toBe('cba');
  });

  it.skipIf(executor === 'inline')('test-plugin-py-client-stream adds the items of the host', async () => {
    await using host = await open('py-client-stream', 'py-client-stream', 'sink', Sink);
    const { client } = await host.load('py-client-stream', Sink);

    expect(Number(await client.load([1, 2, 3, 4, 5]))).toBe(15);
  });

  it.skipIf(executor === 'inline')('test-plugin-py-bidi-stream doubles items, also of an endless source', async () => {
    await using host = await open('py-bidi-stream', 'py-bidi-stream', 'transformer', Transformer);
    const { client } = await host.load('py-bidi-stream', Transformer);
    const doubled: number[] = [];

    expect(await numbers(client.transform([1, 2, 3, 4, 5]))).toEqual([2, 4, 6, 8, 10]);
    for await (const item of client.transform(naturals())) if (doubled.push(Number(item)) === 3) break;
    expect(doubled).toEqual([0, 2, 4]);
  });
});

function* naturals(): Generator<number> {
  for (let number = 0; ; number += 1) yield number;
}

async function numbers(stream: AsyncIterable<bigint | number>): Promise<number[]> {
  const items: number[] = [];
  for await (const item of stream) items.push(Number(item));
  return items;
}

/** As the tests of the reference do: with its SDK in `vendor`, and the hash of the interface in place of its sentinel. */
function stage(fixture: string, name: string, module: string, definition: Interface): string {
  const searchPath = tempFolder();
  const folder = join(searchPath, name);
  cpSync(join(checkout, `tests/test-plugin-${fixture}`), folder, { recursive: true });
  cpSync(join(checkout, 'python/fidius'), join(folder, 'vendor/fidius'), { recursive: true });
  const file = join(folder, `${module}.py`);
  writeFileSync(file, readFileSync(file, 'utf8').replace('__HASH_PLACEHOLDER__', `0x${definition.hash.toString(16)}`));
  return searchPath;
}
