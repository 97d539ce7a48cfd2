import { defineInterface, executorNames, method, PluginHost, t } from 'fidius';
import { loadPlugin } from 'fidius/testing';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../support/failure.ts';
import { Greeter } from '../support/greeter.ts';
import { writeGreeter, writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Talker = defineInterface('Talker', { version: 1, methods: { say: method({ text: t.string }, t.unit) } });

describe.each(executorNames)('loadPlugin, with the executor %s,', (executor) => {
  it('loads a package by its folder and calls it', async () => {
    const folder = writeGreeter(tempFolder(), 'greeter');

    await using tested = await loadPlugin(folder, Greeter, { executor });

    expect(await tested.client.greet('World')).toBe('Hello, World');
    expect(tested.plugin.info).toMatchObject({ name: 'greeter', path: folder, executor, skipped: [] });
  });

  it('collects the lines that the plugin prints', async () => {
    const folder = writePlugin(tempFolder(), 'talker', Talker, 'def say(text): print(text)');
    const tested = await loadPlugin(folder, Talker, { executor });

    await tested.client.say('one');
    await tested.client.say('two');
    await tested.close();

    expect(tested.output).toEqual([
      { plugin: 'talker', stream: 'stdout', text: 'one' },
      { plugin: 'talker', stream: 'stdout', text: 'two' },
    ]);
  });

  it('closes the plugin, also twice', async () => {
    const tested = await loadPlugin(writeGreeter(tempFolder(), 'greeter'), Greeter, { executor });

    await tested.close();
    await tested.close();

    expect(await failureOf(() => tested.client.count())).toMatchObject({ code: 'FIDIUS_PLUGIN_CLOSED' });
  });

  it('reports a package that is for another interface', async () => {
    const folder = writeGreeter(tempFolder(), 'greeter');

    const error = await failureOf(() => loadPlugin(folder, Talker, { executor }));

    expect(error).toMatchObject({ code: 'FIDIUS_INTERFACE_NAME_MISMATCH' });
  });
});

describe('the arguments of loadPlugin', () => {
  it.each([
    ['a path', () => loadPlugin('', Greeter), 'FIDIUS_ARGUMENT_INVALID'],
    ['an interface', () => loadPlugin('x', {} as never), 'FIDIUS_ARGUMENT_INVALID'],
    ['known options', () => loadPlugin('x', Greeter, { trustedKeys: [] } as object), 'FIDIUS_OPTION_UNKNOWN'],
    ['a known executor', () => loadPlugin('x', Greeter, { executor: 'fork' as never }), 'FIDIUS_EXECUTOR_UNKNOWN'],
  ])('must be %s', async (_what, attempt, code) => {
    expect(await failureOf(attempt)).toMatchObject({ code });
  });
});

describe('the open plugins of a host', () => {
  it('are listed in the order of loading, and found by name', async () => {
    const folder = tempFolder();
    for (const name of ['first', 'second']) writeGreeter(folder, name);
    await using host = await PluginHost.open({ searchPaths: [folder] });
    const first = await host.load('first', Greeter);
    const second = await host.load('second', Greeter);

    expect(host.plugins).toEqual([first, second]);
    expect(host.get('second')).toBe(second);
    expect(host.get('third')).toBeUndefined();

    await first.close();

    expect(host.plugins).toEqual([second]);
    expect(host.get('first')).toBeUndefined();
  });
});
