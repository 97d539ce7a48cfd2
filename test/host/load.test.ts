import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  defineInterface,
  executorNames,
  type HostLoadOptions,
  type Interface,
  InterfaceHashMismatchError,
  method,
  PluginHost,
  t,
} from '../../src/index.ts';
import { failureOf } from '../support/failure.ts';
import { formatHash } from '../support/format-hash.ts';
import { Greeter, greeterLines } from '../support/greeter.ts';
import { loadedLibpython } from '../support/loaded-python.ts';
import { interpreterState } from '../support/observer.ts';
import { manifestText, writeGreeter, writePackage, writePlugin } from '../support/plugin-folders.ts';
import { anotherPython } from '../support/pythons.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe.each(executorNames)('load, with the executor %s,', (executor) => {
  const open = (...searchPaths: readonly string[]) => PluginHost.open({ searchPaths, executor });

  it('finds a package by the name in its manifest and tells what it has loaded', async () => {
    const folder = tempFolder();
    const path = writePackage({
      folder: join(folder, 'some folder'),
      manifest: `${manifestText('Grüßer ☂', 'greeting', Greeter)}\n`.replace('[metadata]', '[metadata]\nmood = "good"'),
      files: { 'greeting.py': `__interface_hash__ = ${Greeter.hash}\n${[...greeterLines.complete].join('\n')}\n` },
    });
    await using host = await open(folder);

    const plugin = await host.load('Grüßer ☂', Greeter);

    expect(await plugin.client.greet('World')).toBe('Hello, World');
    expect(plugin.info).toEqual({
      name: 'Grüßer ☂',
      version: '1.0.0',
      path,
      interface: 'Greeter',
      interfaceVersion: 3,
      interfaceHash: Greeter.hash,
      runtime: 'python',
      executor,
      pythonVersion: expect.stringMatching(/^3\.\d+\.\d+/),
      metadata: { mood: 'good' },
      folder: path,
      signedBy: undefined,
      skipped: [],
      vendorConflicts: [],
      externalImports: [],
    });
  });

  it('takes the package of the first search path that has one', async () => {
    const [first, second] = [tempFolder('first'), tempFolder('second')];
    writeGreeter(second, 'twice');
    const path = writeGreeter(first, 'twice');
    await using host = await open(tempFolder('empty'), first, second);

    expect((await host.load('twice', Greeter)).info.path).toBe(path);
  });

  it('takes the first package of the name in a search path, by the name of its folder', async () => {
    const folder = tempFolder();
    for (const name of ['b', 'a']) {
      const files = { 'other.py': '', 'part/__init__.py': '', 'text.txt': '' };
      writePackage({ folder: join(folder, name), manifest: manifestText('same', 'same_name', Greeter), files });
    }
    await using host = await open(folder);

    const error = await failureOf(() => host.load('same', Greeter));

    expect(error).toMatchObject({
      code: 'FIDIUS_ENTRY_MODULE_NOT_FOUND',
      path: join(folder, 'a'),
      hint: 'Set entry_module in package.toml to a module of the package: other, part.',
    });
  });

  it('accepts search paths relative to the current folder', async () => {
    const folder = tempFolder();
    const path = writeGreeter(folder, 'relative');
    await using host = await open(relative(process.cwd(), folder));

    const plugin = await host.load('relative', Greeter);

    expect(plugin.info.path).toBe(path);
    expect(await plugin.client.greet('you')).toBe('Hello, you');
  });

  it('is not disturbed by broken neighbours', async () => {
    const folder = tempFolder();
    writePackage({ folder: join(folder, 'a-broken-one'), manifest: '[package' });
    writeGreeter(folder, 'sound');
    await using host = await open(folder);

    const plugin = await host.load('sound', Greeter);

    expect(await plugin.client.greet('World')).toBe('Hello, World');
  });

  it('reports where it searched, what it skipped and which name is similar', async () => {
    const [first, second] = [tempFolder('first'), tempFolder('second')];
    writePackage({ folder: join(first, 'broken'), manifest: '[package' });
    writeGreeter(second, 'greeter');
    await using host = await open(first, second);

    const error = await failureOf(() => host.load('greetr', Greeter));

    expect(error.code).toBe('FIDIUS_PLUGIN_NOT_FOUND');
    expect(error.message.split('\n')).toEqual([
      'No package named greetr in the search paths of the host',
      `  ${first}: has no package`,
      `  ${second}: has greeter`,
      expect.stringMatching(/^ {2}skipped .*broken: Invalid manifest .*package\.toml: \//),
    ]);
    expect(error.hint).toBe('Load "greeter".');
  });

  it('says that there is nowhere to search', async () => {
    await using host = await open();

    const error = await failureOf(() => host.load('greeter', Greeter));

    expect(error).toMatchObject({
      code: 'FIDIUS_PLUGIN_NOT_FOUND',
      message: 'No package named greeter: the host has no search path',
      hint: 'Open the host with `searchPaths`: the folders that contain packages.',
    });
  });

  it.each([[''], [undefined], [null], [7], [{ name: 'greeter' }]])('refuses the name %j', async (name) => {
    await using host = await open(tempFolder());

    const error = await failureOf(() => host.load(name as string, Greeter));

    expect(error.code).toBe('FIDIUS_ARGUMENT_INVALID');
    expect(error.message).toContain('load() takes the name of a package, got ');
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a name', 'Greeter'],
    ['an empty object', {}],
    ['a descriptor', Greeter.descriptor],
  ])('refuses %s in place of an interface', async (_what, definition) => {
    await using host = await open(tempFolder());

    const error = await failureOf(() => host.load('greeter', definition as unknown as Interface));

    expect(error.code).toBe('FIDIUS_ARGUMENT_INVALID');
    expect(error.message).toContain('load() takes an interface made by defineInterface(), got ');
  });

  it.each([
    [{ executer: 'inline' }, 'FIDIUS_OPTION_UNKNOWN', 'Unknown option "executer" in PluginHost.load()'],
    [{ loadTimeout: 5 }, 'FIDIUS_OPTION_UNKNOWN', 'Unknown option "loadTimeout" in PluginHost.load()'],
    [{ executor: 'process!' }, 'FIDIUS_EXECUTOR_UNKNOWN', 'There is no executor "process!"'],
    [null, 'FIDIUS_ARGUMENT_INVALID', 'Options of PluginHost.load() must be an object, got null'],
    [{ timeoutMs: -1 }, 'FIDIUS_OPTION_INVALID', 'timeoutMs'],
    [{ loadTimeoutMs: 'soon' }, 'FIDIUS_OPTION_INVALID', 'loadTimeoutMs'],
    [{ maxConcurrent: 0 }, 'FIDIUS_OPTION_INVALID', 'maxConcurrent'],
    [{ maxQueued: 1.5 }, 'FIDIUS_OPTION_INVALID', 'maxQueued'],
    [{ ownThread: 'yes' }, 'FIDIUS_OPTION_INVALID', 'ownThread'],
    [{ signal: {} }, 'FIDIUS_OPTION_INVALID', 'signal'],
  ])('refuses the options %j', async (options, code, message) => {
    const folder = tempFolder();
    writeGreeter(folder, 'options');
    await using host = await open(folder);

    const error = await failureOf(() => host.load('options', Greeter, options as unknown as HostLoadOptions));

    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('refuses a package for another runtime', async () => {
    const folder = tempFolder();
    const manifest = manifestText('rusty', 'x', Greeter)
      .replace('"python"', '"rust"')
      .replace(/\[python\][^]*/, '');
    writePackage({ folder: join(folder, 'rusty'), manifest });
    await using host = await open(folder);

    const error = await failureOf(() => host.load('rusty', Greeter));

    expect(error).toMatchObject({
      code: 'FIDIUS_RUNTIME_NOT_PYTHON',
      path: join(folder, 'rusty'),
      interface: 'Greeter',
      hint: 'Load packages of other runtimes with the Rust host.',
    });
  });

  it('refuses a package for another version of the interface, and says what the two hashes are', async () => {
    const folder = tempFolder();
    writePlugin(folder, 'old', { ...Greeter, hash: 0xffn }, ...greeterLines.complete);
    await using host = await open(folder);

    const error = await failureOf(() => host.load('old', Greeter));

    expect(error).toBeInstanceOf(InterfaceHashMismatchError);
    expect(error).toMatchObject({
      code: 'FIDIUS_INTERFACE_HASH_MISMATCH',
      got: 0xffn,
      expected: Greeter.hash,
      module: 'old',
      hint: `Adapt its functions to the host's version of Greeter, and write \`__interface_hash__ = ${formatHash(Greeter.hash)}\` into the module old; \`fidius stub\` prints both for an interface.`,
    });
    expect(error.message).toContain(`declares 0x00000000000000ff, the host expects ${formatHash(Greeter.hash)}`);
  });

  it('loads a package that names the crate of the interface when that is an alias, if the hash is equal', async () => {
    const folder = tempFolder();
    const Named = defineInterface('Greeter', {
      version: 1,
      aliases: ['greeter-interface'],
      methods: { look: method({ text: t.string }, t.string) },
    });
    const named = { name: 'greeter-interface', version: 1 };
    writePlugin(folder, 'crate_named', { ...named, hash: Named.hash }, 'def look(text): return text');
    writePlugin(folder, 'crate_other', { ...named, hash: 0xffn }, 'def look(text): return text');
    await using host = await open(folder);

    expect(await (await host.load('crate_named', Named)).client.look('seen')).toBe('seen');
    const error = await failureOf(() => host.load('crate_other', Named));
    expect(error.code).toBe('FIDIUS_INTERFACE_HASH_MISMATCH');
  });

  it('says when the package has the hash of the same types in the other spelling', async () => {
    // `HashMap<String, u8>` with and without the space is where the two spellings differ.
    const Spelled = defineInterface('Greeter', {
      version: 1,
      methods: { look: method({ map: t.map(t.string, t.u8) }, t.unit) },
    });
    const { standaloneHash = 0n } = Spelled.descriptor;
    const folder = tempFolder();
    writePlugin(folder, 'spelled', { ...Spelled, hash: standaloneHash }, 'def look(map): pass');
    await using host = await open(folder);

    const error = await failureOf(() => host.load('spelled', Spelled));

    expect(error).toMatchObject({ code: 'FIDIUS_INTERFACE_HASH_MISMATCH', got: standaloneHash });
    expect(error.hint).toContain(`the other spelling of the same types (${formatHash(standaloneHash)})`);
  });

  it('leaves nothing behind when it fails, and succeeds after the package is fixed', async () => {
    const folder = tempFolder();
    writePlugin(folder, 'mended', Greeter, ...greeterLines.withoutCount);
    await using host = await open(folder);
    const before = await interpreterState();

    const error = await failureOf(() => host.load('mended', Greeter));

    expect(error).toMatchObject({ code: 'FIDIUS_METHOD_MISSING', method: 'count', module: 'mended' });
    expect(await interpreterState()).toEqual(before);
    writeGreeter(folder, 'mended');
    const plugin = await host.load('mended', Greeter);
    expect(await plugin.client.count()).toBe(1);
  });

  it.skipIf(executor === 'process')(
    'gives two plugins of one package one module, which lives as long as either',
    async () => {
      const folder = tempFolder();
      writeGreeter(folder, 'shared');
      await using host = await open(folder);
      const first = await host.load('shared', Greeter);
      const second = await host.load('shared', Greeter);

      expect([await first.client.count(), await second.client.count()]).toEqual([1, 2]);
      await first.close();

      expect(await second.client.count()).toBe(3);
      const error = await failureOf(() => first.client.count());
      expect(error.code).toBe('FIDIUS_PLUGIN_CLOSED');
    },
  );

  it('serves two hosts side by side; closing one leaves the plugins of the other alone', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'both');
    await using first = await open(folder);
    await using second = await open(folder);
    const [one, two] = await Promise.all([first.load('both', Greeter), second.load('both', Greeter)]);

    await first.close();

    expect(await two.client.greet('World')).toBe('Hello, World');
    const greet = executor === 'process' ? two.client.greet : two.sync.greet;
    expect(await greet('World')).toBe('Hello, World');
    expect((await failureOf(() => one.client.count())).code).toBe('FIDIUS_PLUGIN_CLOSED');
  });

  it('unloads the modules of a package with its last plugin', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'renewed');
    await using host = await open(folder);
    const before = await interpreterState();
    const plugin = await host.load('renewed', Greeter);
    await plugin.client.count();

    await plugin.close();

    expect(await interpreterState()).toEqual(before);
    expect(await (await host.load('renewed', Greeter)).client.count()).toBe(1);
  });
});

describe('load', () => {
  it('has calls run in threads of Python, on every host and load that does not say otherwise', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'default');
    await using host = await PluginHost.open({ searchPaths: [folder] });
    await using inlineHost = await PluginHost.open({ searchPaths: [folder], executor: 'inline' });

    const plugins = [
      await host.load('default', Greeter),
      await host.load('default', Greeter, { executor: 'inline' }),
      await inlineHost.load('default', Greeter),
      await inlineHost.load('default', Greeter, { executor: 'thread' }),
    ];

    expect(plugins.map(({ info }) => info.executor)).toEqual(['thread', 'inline', 'inline', 'thread']);
    for (const { client } of plugins) expect(await client.greet('World')).toBe('Hello, World');
  });

  it('takes a deadline for the calls of a plugin, inline as well', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'deadline');
    await using host = await PluginHost.open({ searchPaths: [folder], executor: 'inline' });

    const { client } = await host.load('deadline', Greeter, { timeoutMs: 10_000 });

    expect(await client.greet('World')).toBe('Hello, World');
  });

  it.skipIf(anotherPython() === undefined)('refuses another Python than the one that runs already', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'second');
    await using host = await PluginHost.open({ searchPaths: [folder] });
    await host.load('second', Greeter);
    const running = loadedLibpython();
    const other = anotherPython(running);
    await using otherHost = await PluginHost.open({
      searchPaths: [folder],
      executor: 'thread',
      python: other?.executable,
    });

    const error = await failureOf(() => otherHost.load('second', Greeter));

    expect(error.code).toBe('FIDIUS_PYTHON_SECOND');
    expect(error.message).toContain(`${other?.libpython}`);
  });
});
