import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import {
  type ConfigOf,
  defineInterface,
  type ExecutorName,
  executorNames,
  method,
  type OutputEvent,
  PluginHost,
  t,
} from '../../src/index.ts';
import { generatePythonStub } from '../../src/packaging.ts';
import { loadPlugin } from '../../src/testing.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failure.ts';
import { manifestText, writePackage, writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Config = t.struct('ConnectorConfig', { base: t.i64, url: t.string, marker: t.option(t.string) });

const Connector = defineInterface('Connector', {
  version: 1,
  config: Config,
  methods: {
    add: method({ value: t.i64 }, t.i64),
    count: method({ items: t.u32 }, t.stream(t.i64)),
    later: method({}, t.string),
  },
});

const Plain = defineInterface('Connector', { version: 1, methods: { add: method({ value: t.i64 }, t.i64) } });

const lines = String.raw`
import asyncio

class Instance:
    def __init__(self, config):
        self.base = config['base']
        self.url = config['url']
        self.marker = config['marker']
        self.calls = 0
    def add(self, value):
        self.calls += 1
        return self.base + value + 1000 * (self.calls - 1)
    def count(self, items):
        for n in range(items): yield self.base + n
    async def later(self):
        await asyncio.sleep(0)
        return self.url
    def close(self):
        if self.marker:
            with open(self.marker, 'a') as file: file.write('closed %d\n' % self.base)
`.split('\n');

const plainConfigure = ['def __fidius_configure__(config):', '    return Instance(config)'];

/** Writes the plugin into a search path. Each test file and executor has a module of its own, because one process runs them all. */
function writeConnector(executor: ExecutorName, configure: readonly string[], variant = 'plain') {
  const searchPath = tempFolder();
  const name = `connector_${executor}_${variant}`;
  const folder = writePlugin(searchPath, name, Connector, ...lines, ...configure);
  return { searchPath, name, folder, marker: join(searchPath, 'marker') };
}

async function open(executor: ExecutorName, configure = plainConfigure, variant = 'plain') {
  const written = writeConnector(executor, configure, variant);
  const output: OutputEvent[] = [];
  const host = await PluginHost.open({
    searchPaths: [written.searchPath],
    executor,
    onOutput: (event) => output.push(event),
  });
  onTestFinished(() => host.close({ mode: 'abort' }));
  const config = { base: 100, url: 'https://example.org', marker: null };
  const load = (more: Partial<ConfigOf<typeof Connector>> = {}) =>
    host.load(written.name, Connector, { config: { ...config, ...more } });
  return { ...written, host, load, output };
}

describe.each(executorNames)('a configured plugin, with the executor %s,', (executor) => {
  it('has the methods of what __fidius_configure__ returns', async () => {
    const { load } = await open(executor);

    const { client } = await load();

    expect(await client.add(1)).toBe(101n);
    expect(await client.add(1)).toBe(1101n);
    const items: bigint[] = [];
    for await (const item of client.count(3)) items.push(item);
    expect(items).toEqual([100n, 101n, 102n]);
  });

  it('exists beside others of the same package, each with its own state', async () => {
    const { load } = await open(executor);

    const [first, second] = [await load({ base: 1 }), await load({ base: 50 })];

    expect(await first.client.add(0)).toBe(1n);
    expect(await second.client.add(0)).toBe(50n);
    expect(await first.client.add(0)).toBe(1001n);
    await first.close();
    expect(await second.client.add(0)).toBe(1050n);
  });

  it.each([
    ['close', 'def close(self): self.note("close")'],
    ['aclose', 'async def aclose(self): self.note("aclose")'],
    ['__exit__', 'def __exit__(self, *error): self.note("__exit__ %s" % (error,))'],
    ['__aexit__', 'async def __aexit__(self, *error): self.note("__aexit__")'],
  ])('ends with the function %s of its instance', async (name, source) => {
    const { load, marker } = await open(
      executor,
      [
        'class Ending:',
        '    def __init__(self, config): self.marker = config["marker"]',
        '    def note(self, text):',
        '        with open(self.marker, "a") as file: file.write(text + "\\n")',
        '    def add(self, value): return value',
        '    def count(self, items): return []',
        '    async def later(self): return ""',
        `    ${source}`,
        'def __fidius_configure__(config): return Ending(config)',
      ],
      name.replaceAll('_', ''),
    );
    const plugin = await load({ marker });
    expect(await plugin.client.add(7)).toBe(7n);

    await plugin.close();
    await plugin.close();

    await eventually(() => existsSync(marker), 'the end of the instance');
    expect(readFileSync(marker, 'utf8').split('\n')).toEqual([expect.stringMatching(`^${name}`), '']);
  });

  // With `inline` it is printed to the standard error of the process: no code of the plugin is on the stack any more.
  it.skipIf(executor === 'inline')('closes although the end of its instance fails, and prints that', async () => {
    const { load, output } = await open(
      executor,
      [
        'class Failing(Instance):',
        '    def close(self): raise OSError("cannot close")',
        'def __fidius_configure__(config): return Failing(config)',
      ],
      'failing',
    );
    const plugin = await load();

    await plugin.close();

    await eventually(() => output.some(({ text }) => text.includes('cannot close')), 'the output');
    expect(output.every(({ stream }) => stream === 'stderr')).toBe(true);
  });

  it('can be refused by the plugin, with its own code', async () => {
    const { load } = await open(
      executor,
      [
        'from fidius import PluginError',
        'def __fidius_configure__(config): raise PluginError("NO_TOKEN", "a token is missing")',
      ],
      'refusing',
    );

    const error = await failureOf(() => load());

    expect(error).toMatchObject({
      code: 'FIDIUS_CONFIG_REFUSED',
      message: expect.stringMatching(/__fidius_configure__\(\) of connector_\w+ failed at .*: a token is missing/),
      cause: expect.objectContaining({ code: 'NO_TOKEN' }),
    });
  });

  it.each([
    ['nothing is returned', ['def __fidius_configure__(config): pass'], 'FIDIUS_CONFIG_REFUSED', /returned None/],
    ['there is no such function', [], 'FIDIUS_CONFIG_UNSUPPORTED', /has no __fidius_configure__\(\)/],
    [
      'a method is missing',
      ['def __fidius_configure__(config): return object()'],
      'FIDIUS_METHOD_MISSING',
      /what __fidius_configure__\(\) of .* returned has no method add/,
    ],
  ])('is not loaded when %s', async (what, configure, code, message) => {
    const { load } = await open(executor, configure, what.replaceAll(/\W/g, ''));

    expect(await failureOf(() => load())).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('is not loaded with a configuration of the wrong type, which is named by its path alone', async () => {
    const { host, name } = await open(executor);
    const config = { base: 1, url: 5, marker: 'a secret path' };

    const error = await failureOf(() => host.load(name, Connector, { config: config as never }));

    expect(error).toMatchObject({
      code: 'FIDIUS_CONFIG_INVALID',
      message: `${name}: config.url must be a string, got 5`,
    });
    expect(await failureOf(() => host.load(name, Connector, undefined as never))).toMatchObject({
      code: 'FIDIUS_CONFIG_INVALID',
      hint: 'Pass it as the option `config`.',
    });
  });

  it('explains how to load it where no configuration is declared', async () => {
    const { host, name } = await open(executor);

    expect(await failureOf(() => host.load(name, Plain))).toMatchObject({ code: 'FIDIUS_INTERFACE_HASH_MISMATCH' });
    expect(await failureOf(() => host.load(name, Plain, { config: {} } as never))).toMatchObject({
      code: 'FIDIUS_CONFIG_INVALID',
      message: expect.stringContaining('takes no configuration'),
    });
  });
});

describe.each(['thread', 'process'] as const)(
  'an asynchronous __fidius_configure__, with the executor %s,',
  (executor) => {
    it('is closed on the thread of a plugin that has one for itself', async () => {
      const configure = [
        'import threading',
        'class Threaded(Instance):',
        '    def add(self, value): return threading.get_ident()',
        '    def close(self): print(threading.get_ident())',
        'def __fidius_configure__(config): return Threaded(config)',
      ];
      const { host, name, output } = await open(executor, configure, 'own_thread');
      const config = { base: 1n, url: '', marker: null };
      const plugin = await host.load(name, Connector, { config, ownThread: true });
      const ident = await plugin.client.add(1);

      await plugin.close();

      await eventually(() => output.length > 0);
      expect(output).toMatchObject([{ plugin: name, text: String(ident) }]);
    });

    it('has what it prints while it is closed asynchronously delivered as its output', async () => {
      const configure = [
        'class Closing(Instance):',
        '    async def aclose(self):',
        '        print("first")',
        '        await asyncio.sleep(0.01)',
        '        print("second")',
        '        raise ValueError("at the end")',
        'def __fidius_configure__(config): return Closing(config)',
      ];
      const { load, name, output } = await open(executor, configure, 'closing_later');
      const plugin = await load();

      await plugin.close();

      await eventually(() => output.some(({ text }) => text === 'ValueError: at the end'));
      expect(output.filter(({ stream }) => stream === 'stdout')).toMatchObject([
        { plugin: name, text: 'first' },
        { plugin: name, text: 'second' },
      ]);
      expect(new Set(output.map(({ plugin: of }) => of))).toEqual(new Set([name]));
    });

    it('runs on the loop of the methods', async () => {
      const { load } = await open(
        executor,
        [
          'async def __fidius_configure__(config):',
          '    instance = Instance(config)',
          '    instance.loop = asyncio.get_running_loop()',
          '    async def later():',
          '        return "same" if asyncio.get_running_loop() is instance.loop else "other"',
          '    instance.later = later',
          '    return instance',
        ],
        'async',
      );

      const { client } = await load();

      expect(await client.later()).toBe('same');
      expect(await client.add(1)).toBe(101n);
    });
  },
);

describe('a configured plugin', () => {
  it('is configured again after its process has crashed', async () => {
    const { load } = await open(
      'process',
      [
        'import os',
        'class Crashing(Instance):',
        '    async def later(self): os._exit(3)',
        'def __fidius_configure__(config): return Crashing(config)',
      ],
      'crashing',
    );
    const { client } = await load();
    expect(await client.add(1)).toBe(101n);

    expect(await failureOf(() => client.later())).toMatchObject({ code: 'FIDIUS_PROCESS_EXITED' });

    expect(await client.add(2)).toBe(102n);
  });

  it('can be loaded by tests and by the command line', async () => {
    const { folder, searchPath } = writeConnector('thread', plainConfigure, 'tools');
    const config = { base: 7, url: '', marker: null };
    await using tested = await loadPlugin(folder, Connector, { config });
    expect(await tested.client.add(1)).toBe(8n);

    const outcome = await fidiusIn(searchPath, ['run', folder, 'add', '1', '--config', '-', '--executor', 'process'], {
      stdin: Buffer.from('{"base": 20, "url": "", "marker": null}'),
    });

    expect(outcome).toMatchObject({ exitCode: 0, stdout: '21\n' });
  });

  it('begins as the stub of its interface, which loads', async () => {
    const searchPath = tempFolder();
    const manifest = manifestText('configured_stub', 'configured_stub', Connector);
    const files = { 'configured_stub.py': generatePythonStub(Connector) };
    writePackage({ folder: join(searchPath, 'configured_stub'), manifest, files });
    await using host = await PluginHost.open({ searchPaths: [searchPath] });

    const { client } = await host.load('configured_stub', Connector, { config: { base: 1, url: '', marker: null } });

    await expect(client.later()).rejects.toMatchObject({ code: 'NotImplementedError' });
    expect(files['configured_stub.py']).toContain('def count(self, items: int) -> Iterator[int]:');
  });

  it('takes the configuration that the interface declares', () => {
    expectTypeOf<ConfigOf<typeof Plain>>().toEqualTypeOf<undefined>();
    expectTypeOf<ConfigOf<typeof Connector>['url']>().toEqualTypeOf<string>();
    expectTypeOf<PluginHost['load']>().toBeFunction();
    // @ts-expect-error a configuration is required
    void ((host: PluginHost) => host.load('x', Connector));
    // @ts-expect-error none is declared
    void ((host: PluginHost) => host.load('x', Plain, { config: {} }));
  });
});
