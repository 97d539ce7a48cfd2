import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import {
  executorNames,
  type HostLoadAllOptions,
  type HostOptions,
  type Interface,
  type LoadEvent,
  type LoadFailure,
  type Plugin,
  PluginHost,
} from '../../src/index.ts';
import { packPackage, SecretKey } from '../../src/packaging.ts';
import { failureOf } from '../support/failure.ts';
import { Greeter, greeterLines } from '../support/greeter.ts';
import { writeGreeter, writePackage, writePlugin, writeVersion } from '../support/plugin-folders.ts';
import { interfaceOf } from '../support/signatures.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Probe = interfaceOf(['work: str']);

describe.each(executorNames)('loadAll, with the executor %s,', (executor) => {
  const open = (searchPaths: readonly string[], options: HostOptions = {}) =>
    PluginHost.open({ searchPaths, executor, ...options });

  it('loads the packages for the interface by the order of the search paths, then by name', async () => {
    const [first, second] = [tempFolder('first'), tempFolder('second')];
    for (const name of ['all_zeta', 'all_beta']) writeGreeter(first, name);
    for (const name of ['all_alpha', 'all_zeta']) writeGreeter(second, name);
    writePlugin(first, 'all_other', Probe, "def work(): return ''");
    await using host = await open([first, second]);

    const { plugins, failures } = await host.loadAll(Greeter);

    expectTypeOf(plugins).toEqualTypeOf<readonly Plugin<typeof Greeter>[]>();
    expect(failures).toEqual([]);
    expect(plugins.map(({ info }) => info.path)).toEqual([
      join(first, 'all_beta'),
      join(first, 'all_zeta'),
      join(second, 'all_alpha'),
    ]);
    expect(await Promise.all(plugins.map(({ client }) => client.greet('World')))).toEqual(
      plugins.map(() => 'Hello, World'),
    );
    expect(host.plugins).toEqual(plugins);
  });

  it('loads the highest version of a name, and the next one if it cannot be used', async () => {
    const folder = tempFolder();
    const write = (name: string, version: string, definition: Pick<Interface, 'hash' | 'name' | 'version'> = Greeter) =>
      writeVersion(join(folder, `${name}-${version}`), {
        name,
        version,
        entryModule: `${name}_${version.replaceAll('.', '_')}`,
        definition,
        lines: greeterLines.complete,
      });
    for (const version of ['1.9.0', '1.10.0']) write('all_plain', version);
    write('all_mixed', '1.0.0');
    write('all_mixed', '2.0.0', { ...Greeter, version: 4 });
    await using host = await open([folder]);

    const { plugins, failures } = await host.loadAll(Greeter);

    expect(failures).toEqual([]);
    expect(plugins.map(({ info }) => [info.name, info.version, info.skipped.map(({ path }) => path)])).toEqual([
      ['all_mixed', '1.0.0', [join(folder, 'all_mixed-2.0.0')]],
      ['all_plain', '1.10.0', []],
    ]);
  });

  it('accepts the interface under an alias', async () => {
    const folder = tempFolder();
    writePlugin(folder, 'all_alias', { ...Greeter, name: 'greeter-crate' }, ...greeterLines.complete);
    await using host = await open([folder]);

    const before = await host.loadAll(Greeter);
    const after = await host.loadAll({ ...Greeter, aliases: ['greeter-crate'] });

    expect(before).toEqual({ plugins: [], failures: [] });
    expect(after.plugins.map(({ info }) => info.name)).toEqual(['all_alias']);
  });

  it('lists each package that cannot be loaded, and loads the others', async () => {
    const folder = tempFolder();
    writePackage({ folder: join(folder, 'a_broken'), manifest: 'name = ', files: {} });
    writeGreeter(folder, 'all_good');
    writePlugin(folder, 'all_hash', { ...Greeter, hash: 1n }, ...greeterLines.complete);
    writePlugin(folder, 'all_raises', Greeter, "raise RuntimeError('no license')");
    writePlugin(folder, 'all_short', Greeter, ...greeterLines.withoutCount);
    writePlugin(folder, 'all_version', { ...Greeter, version: 9 }, ...greeterLines.complete);
    await using host = await open([folder]);

    const { plugins, failures } = await host.loadAll(Greeter);

    expectTypeOf(failures).toEqualTypeOf<readonly LoadFailure[]>();
    expect(plugins.map(({ info }) => info.name)).toEqual(['all_good']);
    expect(failures).toEqual(
      [
        ['a_broken', undefined, 'FIDIUS_MANIFEST_PARSE'],
        ['all_hash', 'all_hash', 'FIDIUS_INTERFACE_HASH_MISMATCH'],
        ['all_raises', 'all_raises', 'FIDIUS_IMPORT_FAILED'],
        ['all_short', 'all_short', 'FIDIUS_METHOD_MISSING'],
        ['all_version', 'all_version', 'FIDIUS_INTERFACE_VERSION_MISMATCH'],
      ].map(([file = '', name, code]) => ({
        name,
        path: join(folder, file),
        error: expect.objectContaining({ code }),
      })),
    );
  });

  // In processes of their own, packages share no modules.
  it.skipIf(executor === 'process')(
    'refuses the later of two packages with a module of the same name, whatever takes longer to verify',
    async () => {
      const folder = tempFolder();
      const key = new SecretKey(Buffer.alloc(32, 7));
      const source = tempFolder('source');
      const write = (place: string, name: string, files: Record<string, string>) =>
        writeVersion(join(place, name), {
          name,
          version: '1.0.0',
          entryModule: name,
          definition: Greeter,
          lines: ['import all_shared', ...greeterLines.complete],
          files: { 'all_shared.py': `owner = '${name}'\n`, ...files },
        });
      // The archive is verified and unpacked, which takes longer than to read a small one.
      write(source, 'all_first', { 'large.txt': randomBytes(500_000).toString('hex') });
      write(source, 'all_second', {});
      for (const name of ['all_first', 'all_second']) {
        await packPackage(join(source, name), { key, output: join(folder, `${name}.fid`) });
      }
      await using host = await open([folder], { trustedKeys: [key.publicKey], storeDir: tempFolder('store') });

      const { plugins, failures } = await host.loadAll(Greeter);

      expect(plugins.map(({ info }) => info.name)).toEqual(['all_first']);
      expect(failures).toMatchObject([{ name: 'all_second', error: { code: 'FIDIUS_MODULE_COLLISION' } }]);
    },
  );

  it('lists packages that another key signed', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'all_unsigned');
    await using host = await open([folder], { trustedKeys: [], storeDir: tempFolder('store') });

    const { plugins, failures } = await host.loadAll(Greeter);

    expect(plugins).toEqual([]);
    expect(failures).toMatchObject([{ name: 'all_unsigned', error: { code: 'FIDIUS_SIGNATURE_MISSING' } }]);
  });

  it('finds nothing in search paths without packages', async () => {
    await using host = await open([tempFolder()]);

    expect(await host.loadAll(Greeter)).toEqual({ plugins: [], failures: [] });
  });

  it('leaves the plugins open until the host is closed', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'all_open');
    const host = await open([folder]);
    const { plugins } = await host.loadAll(Greeter);
    const [plugin] = plugins;

    const answer = await plugin?.client.greet('World');
    await host.close();

    expect(answer).toBe('Hello, World');
    expect(await failureOf(() => plugin?.client.greet('World'))).toMatchObject({ code: 'FIDIUS_PLUGIN_CLOSED' });
  });

  it('throws when the host is closed, before and during the load', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'all_closed');
    const host = await open([folder]);

    const loading = failureOf(() => host.loadAll(Greeter));
    await host.close();

    expect(await loading).toMatchObject({ code: 'FIDIUS_HOST_CLOSED' });
    expect(await failureOf(() => host.loadAll(Greeter))).toMatchObject({
      code: 'FIDIUS_HOST_CLOSED',
      message: 'The host is closed and cannot load the plugins for Greeter',
    });
  });

  it('throws when the signal is aborted before, and loads nothing', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'all_aborted');
    await using host = await open([folder]);
    const reason = new Error('changed my mind');

    const error = await failureOf(() => host.loadAll(Greeter, { signal: AbortSignal.abort(reason) }));

    expect(error).toMatchObject({
      code: 'FIDIUS_LOAD_ABORTED',
      message: 'Loading the plugins for Greeter was aborted',
      cause: reason,
    });
    expect(host.plugins).toEqual([]);
  });

  it('keeps the plugins that were loaded before an abort', async () => {
    const folder = tempFolder();
    writeGreeter(folder, 'all_early');
    writeGreeter(folder, 'all_late');
    await using host = await open([folder]);
    const controller = new AbortController();
    const abort = (event: unknown) => {
      if ((event as LoadEvent).phase === 'end') controller.abort();
    };
    subscribe('fidius:load', abort);
    onTestFinished(() => void unsubscribe('fidius:load', abort));

    const error = await failureOf(() => host.loadAll(Greeter, { signal: controller.signal }));

    expect(error).toMatchObject({ code: 'FIDIUS_LOAD_ABORTED', message: 'Loading all_late was aborted' });
    expect(host.plugins.map(({ info }) => info.name)).toEqual(['all_early']);
  });

  it.each([
    [
      'an option of load()',
      { version: '1' },
      'FIDIUS_OPTION_UNKNOWN',
      'Unknown option "version" in PluginHost.loadAll()',
    ],
    ['an unknown executor', { executor: 'fast' }, 'FIDIUS_EXECUTOR_UNKNOWN', 'There is no executor "fast"'],
    ['a negative time', { loadTimeoutMs: -1 }, 'FIDIUS_OPTION_INVALID', 'loadTimeoutMs must be a positive number'],
    ['signers that are not verified', { signedBy: 'me' }, 'FIDIUS_OPTION_INVALID', 'signedBy cannot be checked'],
    ['a number', 7, 'FIDIUS_ARGUMENT_INVALID', 'Options of PluginHost.loadAll() must be an object, got 7'],
  ])('throws for %s as options', async (_what, options, code, message) => {
    await using host = await open([tempFolder()]);

    const error = await failureOf(() => host.loadAll(Greeter, options as HostLoadAllOptions));

    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('throws for a name in place of an interface', async () => {
    await using host = await open([tempFolder()]);

    const error = await failureOf(() => host.loadAll('Greeter' as unknown as typeof Greeter));

    expect(error).toMatchObject({
      code: 'FIDIUS_ARGUMENT_INVALID',
      message: 'loadAll() takes an interface made by defineInterface(), got "Greeter"',
    });
  });
});

describe('loadAll, with the executor thread,', () => {
  it('gives each package its own time, without that of the packages before it', async () => {
    const folder = tempFolder();
    writePlugin(folder, 'all_a_stuck', Greeter, 'import time', 'while True: time.sleep(0.01)');
    writeGreeter(folder, 'all_b_quick');
    await using host = await PluginHost.open({ searchPaths: [folder], loadTimeoutMs: 3000 });

    const { plugins, failures } = await host.loadAll(Greeter);

    expect(failures).toMatchObject([{ name: 'all_a_stuck', error: { code: 'FIDIUS_LOAD_TIMEOUT' } }]);
    expect(plugins.map(({ info }) => info.name)).toEqual(['all_b_quick']);
  });
});
