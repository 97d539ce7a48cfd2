import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { executorNames, type LoadEvent, loadPythonPlugin, PluginHost } from '../../src/index.ts';
import { recordEvents } from '../support/channel-events.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter, greeterLines } from '../support/greeter.ts';
import { outputOf } from '../support/isolated.ts';
import { writeGreeter, writePackage, writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

const loadEvents = () => recordEvents<LoadEvent>('fidius:load');

describe.each(executorNames)('the channel fidius:load, with the executor %s,', (executor) => {
  it('tells the start and the end of loading, with what is known by then', async () => {
    const folder = tempFolder();
    const path = writeGreeter(folder, 'traced');
    await using host = await PluginHost.open({ searchPaths: [folder], executor });
    const events = loadEvents();

    await host.load('traced', Greeter);

    const [durationMs, id] = [expect.any(Number), events[0]?.id];
    expect(events).toEqual([
      { phase: 'start', id, interface: 'Greeter', plugin: 'traced' },
      {
        phase: 'end',
        id,
        path,
        interface: 'Greeter',
        plugin: 'traced',
        entryModule: 'traced',
        executor,
        skipped: [],
        vendorConflicts: [],
        durationMs,
      },
    ]);
    expect(id).toBeGreaterThan(0);
    expect(events[1]?.durationMs).toBeGreaterThan(0);
  });

  it('tells the error that loading ended with', async () => {
    const folder = tempFolder();
    const path = writePlugin(folder, 'failing', Greeter, ...greeterLines.withoutCount);
    await using host = await PluginHost.open({ searchPaths: [folder], executor });
    const events = loadEvents();

    const error = await failureOf(() => host.load('failing', Greeter));

    expect(events.map(({ phase }) => phase)).toEqual(['start', 'error']);
    expect(events[1]).toMatchObject({ path, plugin: 'failing', entryModule: 'failing' });
    expect(events[1]?.error).toBe(error);
  });

  it('tells of a load for which no package is found', async () => {
    await using host = await PluginHost.open({ searchPaths: [tempFolder()], executor });
    const events = loadEvents();

    const error = await failureOf(() => host.load('nobody', Greeter));

    expect(error.code).toBe('FIDIUS_PLUGIN_NOT_FOUND');
    const id = events[0]?.id;
    expect(events).toEqual([
      { phase: 'start', id, interface: 'Greeter', plugin: 'nobody' },
      { phase: 'error', id, interface: 'Greeter', plugin: 'nobody', error, durationMs: expect.any(Number) },
    ]);
  });
});

it('tells a load by hand as well, which may end before the manifest is read', async () => {
  const folder = tempFolder();
  const path = writeGreeter(folder, 'by_hand');
  const broken = writePackage({ folder: join(folder, 'broken'), manifest: '[package' });
  const events = loadEvents();

  (await loadPythonPlugin(path, Greeter.descriptor)).close();
  const error = await failureOf(async () => loadPythonPlugin(broken, Greeter.descriptor));

  expect(events).toMatchObject([
    { phase: 'start', path, interface: 'Greeter' },
    { phase: 'end', plugin: 'by_hand', entryModule: 'by_hand' },
    { phase: 'start', path: broken, interface: 'Greeter' },
    { phase: 'error', path: broken, error },
  ]);
  expect(events[3]?.plugin).toBeUndefined();
});

describe('FIDIUS_DEBUG', () => {
  /** Loads packages that work, do not, and are not there, both ways; gives what was printed on stderr, without times. */
  async function loadWith(debug: string): Promise<{ folder: string; stderr: string }> {
    const folder = tempFolder();
    writeGreeter(folder, 'sound');
    writePlugin(folder, 'hollow', Greeter);
    const env = { ...process.env, FIDIUS_DEBUG: debug };
    const { stdout, stderr } = await outputOf('load.ts', { args: [folder, 'sound', 'hollow', 'nobody'], env });
    expect(stdout.trim().split('\n')).toEqual([
      'sound by hand: loaded',
      'hollow by hand: FIDIUS_METHOD_MISSING',
      'nobody by hand: FIDIUS_MANIFEST_NOT_FOUND',
      'sound by a host: loaded',
      'hollow by a host: FIDIUS_METHOD_MISSING',
      'nobody by a host: FIDIUS_PLUGIN_NOT_FOUND',
    ]);
    return { folder, stderr: stderr.replaceAll(/\d+\.\d ms/g, 'n ms') };
  }

  it('prints what is loaded on stderr, for people', async () => {
    const { folder, stderr } = await loadWith('1');

    expect(stderr.replaceAll(folder, '<folder>')).toMatchInlineSnapshot(`
      "fidius: loading <folder>/sound for Greeter
      fidius: loaded sound (module sound) from <folder>/sound after n ms
      fidius: loading <folder>/hollow for Greeter
      fidius: failed to load <folder>/hollow after n ms: Cannot load <folder>/hollow: entry module hollow has no method greet (module 'hollow' has no attribute 'greet')
      fidius: loading <folder>/nobody for Greeter
      fidius: failed to load <folder>/nobody after n ms: No package.toml in <folder>/nobody
      fidius: loading sound for Greeter
      fidius: loaded sound (module sound) from <folder>/sound after n ms
      fidius: loading hollow for Greeter
      fidius: failed to load <folder>/hollow after n ms: Cannot load <folder>/hollow: entry module hollow has no method greet (module 'hollow' has no attribute 'greet')
      fidius: loading nobody for Greeter
      fidius: failed to load nobody after n ms: No package named nobody in the search paths of the host
        <folder>: has hollow, sound
      "
    `);
  });

  it('prints nothing when it is empty or 0', async () => {
    const outcomes = await Promise.all([loadWith(''), loadWith('0')]);

    expect(outcomes.map(({ stderr }) => stderr)).toEqual(['', '']);
  });
});
