import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PluginHost } from '../../src/index.ts';
import { Greeter } from '../support/greeter.ts';
import { manifestText, writePackage, writePlugin } from '../support/plugin-folders.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('discover', () => {
  it('lists packages in the order of the search paths, by name within each, and runs none of their code', async () => {
    const [first, second] = [tempFolder('first'), tempFolder('second')];
    writePlugin(first, 'zebra', Greeter, 'raise SystemExit');
    writePlugin(first, 'ant', Greeter);
    writePlugin(second, 'ant', Greeter);
    await using host = await PluginHost.open({ searchPaths: [first, second] });

    const { packages, skipped } = await host.discover();

    expect(packages.map(({ path }) => path)).toEqual([join(first, 'ant'), join(first, 'zebra'), join(second, 'ant')]);
    expect(packages[0]?.manifest).toMatchObject({ name: 'ant', runtime: 'python', interface: 'Greeter' });
    expect(skipped).toEqual([]);
  });

  it('skips entries that are not packages, follows links, and ignores a missing search path', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'package.toml'), 'not a package: it lies in the search path itself');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
    symlinkSync(writePlugin(tempFolder('elsewhere'), 'linked', Greeter), join(folder, 'link'));
    await using host = await PluginHost.open({ searchPaths: [join(folder, 'missing'), folder] });

    const { packages, skipped } = await host.discover();

    expect(packages.map(({ path }) => path)).toEqual([join(folder, 'link')]);
    expect(skipped).toEqual([]);
  });

  it('names the packages that cannot be used, with the reason, and goes on', async () => {
    const folder = tempFolder();
    writePackage({ folder: join(folder, 'broken'), manifest: '[package' });
    mkdirSync(join(folder, 'strange', 'package.toml'), { recursive: true });
    writePlugin(folder, 'sound', Greeter);
    await using host = await PluginHost.open({ searchPaths: [folder] });

    const { packages, skipped } = await host.discover();

    expect(packages.map(({ manifest }) => manifest.name)).toEqual(['sound']);
    expect(skipped).toMatchObject([
      { path: join(folder, 'broken'), reason: { code: 'FIDIUS_MANIFEST_PARSE' } },
      { path: join(folder, 'strange'), reason: { code: 'FIDIUS_MANIFEST_UNREADABLE' } },
    ]);
  });

  it('names what packages vendor in different versions, but for versions of one package', async () => {
    const folder = tempFolder();
    const vendored = (name: string, version: string) => ({
      [`vendor/${name}-${version}.dist-info/METADATA`]: `Name: ${name}\nVersion: ${version}\n`,
    });
    const write = (name: string, where: string, files: Readonly<Record<string, string>>) =>
      writePackage({ folder: join(folder, where), manifest: manifestText(name, `${name}_plugin`, Greeter), files });
    write('ant', 'ant-1', { ...vendored('six', '1.15.0'), ...vendored('attrs', '1') });
    write('ant', 'ant-2', vendored('attrs', '2'));
    write('bee', 'bee', vendored('six', '1.16.0'));
    await using host = await PluginHost.open({ searchPaths: [folder] });

    const { vendorConflicts } = await host.discover();

    expect(vendorConflicts).toEqual([
      {
        distribution: 'six',
        versions: [
          { package: 'ant', version: '1.15.0' },
          { package: 'bee', version: '1.16.0' },
        ],
      },
    ]);
  });

  it('reports a search path that is not a folder, and continues', async () => {
    const folder = tempFolder();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    writePlugin(folder, 'sound', Greeter);
    await using host = await PluginHost.open({ searchPaths: [file, folder] });

    const { packages, skipped } = await host.discover();

    expect(packages.map(({ manifest }) => manifest.name)).toEqual(['sound']);
    expect(skipped).toMatchObject([{ path: file, reason: { code: 'FIDIUS_SEARCH_PATH_UNREADABLE' } }]);
  });
});
