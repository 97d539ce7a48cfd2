import { describe, expect, it } from 'vitest';
import { type HostNotice, PluginHost } from '../../src/index.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter } from '../support/greeter.ts';
import { openPackages, refusal } from '../support/module-packages.ts';
import { writeGreeter } from '../support/plugin-folders.ts';
import { embeddablePythons } from '../support/pythons.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Two packages that vendor different modules of one name. */
function twoVersions(dist: Readonly<Record<string, string>> = {}) {
  const make = (version: string) => ({
    main: ['import auto_library', 'def run(arg): return auto_library.version'],
    files: {
      'vendor/auto_library.py': `version = '${version}'\n`,
      ...Object.fromEntries(Object.entries(dist).map(([path, text]) => [`vendor/${path}`, text])),
    },
  });
  return { auto_first: make('1'), auto_second: make('2') };
}

const metadata = (version: string) => ({
  [`vendor/auto_dist-${version}.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: auto-dist\nVersion: ${version}\n`,
});

describe('a host that names no executor', () => {
  it('runs a plugin on threads in this process', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    await using host = await PluginHost.open({ searchPaths: [folder] });

    const { client, info } = await host.load('greeter', Greeter);

    expect(await client.greet('you')).toBe('Hello, you');
    expect(info).toMatchObject({ executor: 'thread', executorReason: undefined });
  });

  it('runs a plugin in a child process when options for it are given', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    await using host = await PluginHost.open({ searchPaths: [folder] });

    const { client, info } = await host.load('greeter', Greeter, { process: { instances: 2 } });

    expect(await client.greet('you')).toBe('Hello, you');
    expect(info).toMatchObject({ executor: 'process', executorReason: expect.stringContaining('sets options') });
  });

  it('refuses an executor that does not exist, and names the others', async () => {
    const error = await failureOf(() => PluginHost.open({ executor: 'fiber' as never }));

    expect(error.code).toBe('FIDIUS_EXECUTOR_UNKNOWN');
    expect(error.hint).toBe('Choose one of "auto", "inline", "thread", "process".');
  });
});

describe('the executor auto', () => {
  it('moves a package whose modules collide with those of a loaded one to a child process', async () => {
    const { load } = await openPackages('auto', twoVersions());

    const [first, second] = [await load('auto_first'), await load('auto_second')];

    expect(first.info).toMatchObject({ executor: 'thread', executorReason: undefined });
    expect(second.info.executor).toBe('process');
    expect(second.info.executorReason).toContain('auto_library');
    expect(await Promise.all([first.client.run(null), second.client.run(null)])).toEqual(['1', '2']);
    expect((await failureOf(() => second.sync.run(null))).code).toBe('FIDIUS_CALL_SYNC');
  });

  it('refuses such a package by name when the executor is named', async () => {
    const { load } = await openPackages('thread', twoVersions());
    await load('auto_first');

    expect(await refusal(() => load('auto_second'))).toMatchObject({ code: 'FIDIUS_MODULE_COLLISION' });
  });

  it('moves a package that vendors another version of a distribution, and gives no notice of the conflict', async () => {
    const notices: HostNotice[] = [];
    const make = (version: string) => ({ main: [`def run(arg): return '${version}'`], files: metadata(version) });
    const { load } = await openPackages(
      'auto',
      { auto_old: make('1.0'), auto_new: make('2.0') },
      { onNotice: (notice) => void notices.push(notice) },
    );

    const [old, young] = [await load('auto_old'), await load('auto_new')];

    expect(old.info).toMatchObject({ executor: 'thread', vendorConflicts: [] });
    expect(young.info).toMatchObject({ executor: 'process', vendorConflicts: [] });
    expect(young.info.executorReason).toContain('auto-dist');
    expect(await Promise.all([old.client.run(null), young.client.run(null)])).toEqual(['1.0', '2.0']);
    expect(notices).toEqual([]);
  });

  it('does not move a package that cannot be imported', async () => {
    const { load } = await openPackages('auto', { auto_broken: { main: ['1 / 0'] } });

    const error = await refusal(() => load('auto_broken'));

    expect(error.code).toBe('FIDIUS_IMPORT_FAILED');
  });

  it.runIf(embeddablePythons().length > 1)('runs a second version of Python in a child process', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    const options = { searchPaths: [folder] };
    await using first = await PluginHost.open(options);
    const one = await first.load('greeter', Greeter);
    const other = embeddablePythons().find(({ version }) => version !== one.info.pythonVersion);
    await using second = await PluginHost.open({ ...options, python: other?.executable });

    const two = await second.load('greeter', Greeter);

    expect(one.info.executor).toBe('thread');
    expect(two.info).toMatchObject({ executor: 'process', pythonVersion: other?.version });
    expect(two.info.executorReason).toContain('already runs');
    expect(await two.client.greet('you')).toBe('Hello, you');
  });

  it.runIf(embeddablePythons().length > 1)('does not replace a library that was named', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'greeter');
    await using first = await PluginHost.open({ searchPaths: [folder] });
    const { info } = await first.load('greeter', Greeter);
    const other = embeddablePythons().find(({ version }) => version !== info.pythonVersion);
    await using second = await PluginHost.open({ searchPaths: [folder], libpython: other?.libpython });

    const error = await failureOf(() => second.load('greeter', Greeter));

    expect(error.code).toBe('FIDIUS_PYTHON_SECOND');
  });
});
