import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type HostLoadOptions,
  type HostNotice,
  type Interface,
  PluginHost,
  type ReloadNotice,
} from '../../src/index.ts';
import { packPackage, SecretKey } from '../../src/packaging.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failure.ts';
import { writePackage, writePlugin } from '../support/plugin-folders.ts';
import { interfaceOf } from '../support/signatures.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Probe = interfaceOf(['work: str']);
const answer = (text: string) => `def work(): return ${JSON.stringify(text)}`;
const hashLine = `__interface_hash__ = 0x${Probe.hash.toString(16)}\n`;

/** Loads a plugin with `watch`. */
async function watched(lines: readonly string[] = [answer('old')], options: HostLoadOptions = {}) {
  const searchPath = tempFolder();
  const folder = writePlugin(searchPath, 'hot_plugin', Probe, ...lines);
  const notices: ReloadNotice[] = [];
  const onNotice = (notice: HostNotice) => {
    if (notice.kind === 'reload') notices.push(notice);
  };
  const host = await PluginHost.open({ searchPaths: [searchPath], onNotice, onOutput: () => {} });
  onTestFinished(() => host.close({ mode: 'abort' }));
  const plugin = await host.load('hot_plugin', Probe, { watch: true, ...options });
  const edit = (text: string, file = 'hot_plugin.py') => writeFileSync(join(folder, file), text);
  const settled = (count = 1) => eventually(() => notices.length >= count, 'the report on the change');
  return {
    folder,
    host,
    plugin,
    notices,
    edit,
    settled,
    work: () => (plugin.client['work'] as () => Promise<unknown>)(),
  };
}

describe('a plugin that is loaded with watch', () => {
  it('runs in a process, and says why', async () => {
    const { plugin } = await watched();

    expect(plugin.info).toMatchObject({ executor: 'process', executorReason: 'The load sets `watch`' });
  });

  it('runs the new code after an edit, with the same client', async () => {
    const { work, edit, settled, notices } = await watched();
    expect(await work()).toBe('old');

    edit(`${hashLine}${answer('new')}`);
    await settled();

    expect(notices).toMatchObject([{ event: 'reloaded', plugins: ['hot_plugin'], files: ['hot_plugin.py'] }]);
    expect(await work()).toBe('new');
  });

  it('notices what has changed while it was loaded', async () => {
    const searchPath = tempFolder();
    const folder = writePlugin(searchPath, 'hot_plugin', Probe, 'import time', 'time.sleep(0.3)', answer('old'));
    await using host = await PluginHost.open({ searchPaths: [searchPath], onNotice: () => {} });
    const loading = host.load('hot_plugin', Probe, { watch: true });
    await new Promise((resolve) => setTimeout(resolve, 250));

    writeFileSync(join(folder, 'hot_plugin.py'), `${hashLine}${answer('new')}`);

    const { client } = await loading;
    await eventually(async () => (await client['work']?.()) === 'new', 'the new code');
    expect(await client['work']?.()).toBe('new');
  });

  it('finishes calls with the code that they began with', async () => {
    const slow = (text: string) => `import time\ndef work():\n    time.sleep(0.6)\n    return "${text}"`;
    const { work, edit, settled, plugin } = await watched([slow('old')]);
    const before = work();
    await eventually(() => plugin.stats().running === 1);

    edit(`${hashLine}${answer('new')}`);
    await settled();

    expect(await work()).toBe('new');
    expect(await before).toBe('old');
    expect(plugin.stats()).toMatchObject({ failed: 0, cancelled: 0 });
  });

  it.each([
    ['a syntax error', `${hashLine}def work(:\n`, /hot_plugin\.py.*line 2/s],
    [
      'an exception of the module',
      `${hashLine}\nraise ValueError('broken here')\n`,
      /hot_plugin\.py", line 3.*broken here/s,
    ],
    ['a method that is missing', hashLine, /method work/],
    ['another interface', `__interface_hash__ = 1\n${answer('new')}`, new RegExp(Probe.hash.toString(16))],
    ['a module that ends the process', `${hashLine}import os\nos._exit(7)\n`, /exited with code 7/],
  ])('runs the old code on, and reports %s', async (_, source, message) => {
    const { work, edit, settled, notices } = await watched();

    edit(source);
    await settled();

    expect(notices).toMatchObject([{ event: 'rejected', message: expect.stringMatching(message) }]);
    expect(await work()).toBe('old');
    edit(`${hashLine}${answer('corrected')}`);
    await settled(2);
    expect(notices[1]).toMatchObject({ event: 'reloaded' });
    expect(await work()).toBe('corrected');
  });

  it('notices files that are replaced, added in new folders, and removed', async () => {
    const { folder, work, edit, settled, notices } = await watched();
    edit(`${hashLine}${answer('replaced')}`, 'draft.py~');
    renameSync(join(folder, 'draft.py~'), join(folder, 'hot_plugin.py'));
    await settled(1);
    expect(await work()).toBe('replaced');

    mkdirSync(join(folder, 'parts'));
    edit('text = "from a part"\n', 'parts/__init__.py');
    edit(`${hashLine}from parts import text\ndef work(): return text\n`);
    await settled(2);
    await eventually(async () => (await work()) === 'from a part', 'the new module');
    edit('text = "from a changed part"\n', 'parts/__init__.py');
    await eventually(async () => (await work()) === 'from a changed part', 'the changed module');

    const count = notices.length;
    rmSync(join(folder, 'parts'), { recursive: true });
    await settled(count + 1);
    expect(notices.at(-1)).toMatchObject({ event: 'rejected', message: expect.stringContaining("'parts'") });
    expect(await work()).toBe('from a changed part');
  });

  it('does not react to byte-code, hidden files and copies of editors', async () => {
    const { folder, notices, edit, settled } = await watched();
    mkdirSync(join(folder, '__pycache__'));
    for (const file of ['__pycache__/hot_plugin.pyc', '.hot_plugin.py.swp', 'hot_plugin.py~']) edit('x', file);

    edit('a note\n', 'notes.txt');
    await settled();

    expect(notices.flatMap(({ files }) => files)).toEqual(['notes.txt']);
  });

  it('survives that its folder is removed and comes back', async () => {
    const { folder, work, notices, settled } = await watched();
    renameSync(folder, `${folder}-away`);
    await settled();
    expect(notices[0]).toMatchObject({ event: 'rejected' });
    expect(await work()).toBe('old');

    renameSync(`${folder}-away`, folder);
    await eventually(() => notices.at(-1)?.event === 'reloaded', 'the new code');

    expect(await work()).toBe('old');
  });

  it('reports an entry module that was renamed in the manifest', async () => {
    const { folder, edit, notices, settled, work } = await watched();
    edit(`${hashLine}${answer('other')}`, 'other_entry.py');
    edit(readFileSync(join(folder, 'package.toml'), 'utf8').replace('hot_plugin"\n', 'other_entry"\n'), 'package.toml');
    edit(
      readFileSync(join(folder, 'package.toml'), 'utf8').replace(
        'entry_module = "hot_plugin"',
        'entry_module = "other_entry"',
      ),
      'package.toml',
    );

    await settled();
    await eventually(() => notices.some(({ event }) => event === 'rejected'));

    expect(notices.at(-1)).toMatchObject({ hint: 'Close the plugin and load it again.' });
    expect(await work()).toBe('old');
  });

  it.runIf(process.platform === 'linux')('leaves no descriptor and reports nothing when it is closed', async () => {
    const { plugin, edit, notices, settled } = await watched();
    edit(`${hashLine}${answer('new')}`);
    await settled();
    const watches = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').includes('inotify wd');
        } catch {
          return false;
        }
      }).length;
    expect(watches()).toBe(1);

    await plugin.close();
    edit(`${hashLine}${answer('later')}`);
    await new Promise((resolve) => setTimeout(resolve, 100));

    expect(watches()).toBe(0);
    expect(notices).toHaveLength(1);
  });
});

describe('watch is refused', () => {
  const load = async (options: HostLoadOptions, open: object = {}, definition: Interface = Probe) => {
    const searchPath = tempFolder();
    writePlugin(searchPath, 'cold_plugin', Probe, answer('old'));
    await using host = await PluginHost.open({ searchPaths: [searchPath], ...open });
    return failureOf(() => host.load('cold_plugin', definition, { watch: true, ...options }));
  };

  it.each(['inline', 'thread'] as const)('with the executor %s', async (executor) => {
    expect(await load({ executor })).toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
      message: `watch cannot be used: with the executor "${executor}", the old code cannot run on while new code is tried`,
    });
  });

  it('by a host that requires signatures', async () => {
    expect(await load({}, { trustedKeys: [SecretKey.generate().publicKey] })).toMatchObject({
      code: 'FIDIUS_OPTION_INVALID',
      message: expect.stringContaining('requires signatures'),
    });
  });

  it('for an archive', async () => {
    const [searchPath, source] = [tempFolder(), tempFolder('packed_plugin')];
    writePackage({ name: 'packed_plugin', folder: source, files: { 'probe_main.py': `${hashLine}${answer('old')}` } });
    await packPackage(source, { output: join(searchPath, 'packed.fid') });
    await using host = await PluginHost.open({ searchPaths: [searchPath], storeDir: tempFolder() });

    const failure = await failureOf(() => host.load('packed_plugin', Probe, { watch: true }));

    expect(failure).toMatchObject({ code: 'FIDIUS_OPTION_INVALID', message: expect.stringContaining('is an archive') });
  });
});
