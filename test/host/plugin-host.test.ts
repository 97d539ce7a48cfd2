import { describe, expect, it } from 'vitest';
import { executorNames, type HostOptions, PluginHost } from '../../src/index.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter } from '../support/greeter.ts';
import { loadedLibpython } from '../support/loaded-python.ts';
import { interpreterState } from '../support/observer.ts';
import { writeGreeter } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('PluginHost.open', () => {
  it('starts no Python', async () => {
    await using _host = await PluginHost.open({ searchPaths: [tempFolder()] });

    expect(loadedLibpython()).toBeUndefined();
  });

  it('takes no options at all', async () => {
    await using host = await PluginHost.open();

    expect(await host.discover()).toEqual({ packages: [], skipped: [], duplicates: [], vendorConflicts: [] });
  });

  it.each([
    [{ searchPath: ['x'] }, 'FIDIUS_OPTION_UNKNOWN', 'Unknown option "searchPath" in PluginHost.open()'],
    [{ searchPaths: 'x' }, 'FIDIUS_OPTION_INVALID', 'searchPaths must be an array of paths, got "x"'],
    [{ searchPaths: [''] }, 'FIDIUS_OPTION_INVALID', 'searchPaths must be an array of paths, got an array of 1'],
    [{ searchPaths: [7] }, 'FIDIUS_OPTION_INVALID', 'searchPaths must be an array of paths, got an array of 1'],
    [{ executor: 'fast' }, 'FIDIUS_EXECUTOR_UNKNOWN', 'There is no executor "fast"'],
    [{ executor: null }, 'FIDIUS_EXECUTOR_UNKNOWN', 'There is no executor null'],
    [7, 'FIDIUS_ARGUMENT_INVALID', 'Options of PluginHost.open() must be an object, got 7'],
    [null, 'FIDIUS_ARGUMENT_INVALID', 'Options of PluginHost.open() must be an object, got null'],
    [['x'], 'FIDIUS_ARGUMENT_INVALID', 'Options of PluginHost.open() must be an object, got an array of 1'],
  ])('refuses %j', async (options, code, message) => {
    const error = await failureOf(() => PluginHost.open(options as HostOptions));

    expect(error).toMatchObject({ code, message });
  });

  it('suggests the option that was meant', async () => {
    const error = await failureOf(() => PluginHost.open({ searchPath: [] } as HostOptions));

    expect(error.hint).toBe('Write "searchPaths".');
  });
});

describe.each(executorNames)('close, with the executor %s,', (executor) => {
  /** A host with one loaded plugin. */
  async function openWithPlugin(name: string) {
    const folder = tempFolder();
    writeGreeter(folder, name);
    const host = await PluginHost.open({ searchPaths: [folder], executor });
    return { host, folder, plugin: await host.load(name, Greeter) };
  }

  it('ends every plugin: each of their methods says so', async () => {
    const { host, plugin } = await openWithPlugin('closing');
    const { client } = plugin;
    const sync = executor === 'process' ? [] : [plugin.sync];

    await host.close();

    for (const attempt of [
      () => client.greet('World'),
      ...sync.map((each) => () => each.greet('World')),
      () => plugin.sync.greet('World'),
    ]) {
      expect(await failureOf(attempt)).toMatchObject({
        code: 'FIDIUS_PLUGIN_CLOSED',
        message: expect.stringMatching(/^(?:greet\(\) of closing: the plugin|Plugin closing) is closed$/),
        hint: 'Load it again, or close it later.',
      });
    }
  });

  it('rejects and does not throw, when a method of a closed plugin is called', async () => {
    const { host, plugin } = await openWithPlugin('rejecting');
    await host.close();

    const promise = plugin.client.greet('World');

    await expect(promise).rejects.toThrow('greet() of rejecting: the plugin is closed');
  });

  it('leaves what is known about a plugin, and its figures', async () => {
    const { host, plugin } = await openWithPlugin('known');
    await plugin.client.count();

    await host.close();

    expect(plugin.info.name).toBe('known');
    expect(plugin.supports('greet')).toBe(true);
    expect(plugin.stats()).toMatchObject({ queued: 0, running: 0, succeeded: 1, failed: 0, cancelled: 0 });
  });

  it('makes the host refuse everything but being closed again', async () => {
    const { host } = await openWithPlugin('refusing');
    await host.close();

    const load = await failureOf(() => host.load('refusing', Greeter));
    const discover = await failureOf(() => host.discover());

    expect(load).toMatchObject({
      code: 'FIDIUS_HOST_CLOSED',
      message: 'The host is closed and cannot load refusing',
      hint: 'Open a new host.',
    });
    expect(discover).toMatchObject({
      code: 'FIDIUS_HOST_CLOSED',
      message: 'The host is closed and cannot discover packages',
    });
    await expect(host.close()).resolves.toBeUndefined();
  });

  it('may be called twice at once, by hand and by `await using`, on host and plugin', async () => {
    const { host, plugin } = await openWithPlugin('twice_closed');
    const before = await interpreterState();

    {
      await using _again = host;
      await using _too = plugin;
      const all = [host.close(), plugin.close(), host.close(), plugin.close(), plugin.close()];
      expect(await Promise.all(all)).toEqual([undefined, undefined, undefined, undefined, undefined]);
    }

    expect(before.modules).toEqual(executor === 'process' ? [] : ['twice_closed']);
    expect((await interpreterState()).modules).toEqual([]);
  });

  it('lets calls that were made before come to their end', async () => {
    const { host, plugin } = await openWithPlugin('draining');
    const calls = Array.from({ length: 5 }, () => plugin.client.count());

    await host.close();

    expect(await Promise.all(calls)).toEqual([1, 2, 3, 4, 5]);
  });

  it('of a plugin leaves the host open', async () => {
    const { host, plugin } = await openWithPlugin('single');
    await plugin.close();

    await using again = await host.load('single', Greeter);

    expect(await again.client.count()).toBe(1);
    await host.close();
  });

  it('while a plugin is being loaded ends the load, and leaves nothing of it', async () => {
    const { host, plugin, folder } = await openWithPlugin('early');
    await plugin.close();
    const before = await interpreterState();
    writeGreeter(folder, 'late');

    const loading = failureOf(() => host.load('late', Greeter));
    await host.close();

    expect((await loading).code).toBe('FIDIUS_HOST_CLOSED');
    expect(await interpreterState()).toEqual(before);
  });

  it('while a package is being looked for starts nothing any more', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'too_late');
    const host = await PluginHost.open({ searchPaths: [folder], executor });

    const loading = failureOf(() => host.load('too_late', Greeter));
    await host.close();

    expect((await loading).code).toBe('FIDIUS_HOST_CLOSED');
    expect(host.stats()).toEqual({ executors: [], plugins: [] });
  });

  it('is what `await using` does at the end of its block', async () => {
    const { host } = await openWithPlugin('block');

    const plugin = await (async () => {
      await using using = host;
      return await using.load('block', Greeter);
    })();

    expect((await failureOf(() => plugin.client.count())).code).toBe('FIDIUS_PLUGIN_CLOSED');
    expect((await failureOf(() => host.discover())).code).toBe('FIDIUS_HOST_CLOSED');
  });
});
