import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { discoverPackages, packPackage } from '../../src/packaging.ts';
import { fill, folderOf, packageOf, pythonManifest } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('discoverPackages', () => {
  it('lists folders and archives, sorted within each search path, in the order of the paths', async () => {
    const [first, second] = [tempFolder(), tempFolder()];
    fill(first, { 'b/package.toml': pythonManifest('one'), 'a/package.toml': pythonManifest('two') });
    fill(second, { '0/package.toml': pythonManifest('three') });
    await packPackage(packageOf(), { output: join(first, 'c.plugin') });

    const { packages, skipped } = await discoverPackages([first, second]);

    expect(packages.map(({ path, kind, manifest }) => [path, kind, manifest.name])).toEqual([
      [join(first, 'a'), 'folder', 'two'],
      [join(first, 'b'), 'folder', 'one'],
      [join(first, 'c.plugin'), 'archive', 'demo'],
      [join(second, '0'), 'folder', 'three'],
    ]);
    expect(skipped).toEqual([]);
  });

  it('silently skips entries that are not packages', async () => {
    const dir = folderOf({ 'README.md': 'BZ', 'empty/x': '', 'notes.bz2': 'not really', '.hidden/package.toml': '=' });
    execFileSync('mkfifo', [join(dir, 'pipe')]);
    symlinkSync('nowhere', join(dir, 'dangling'));

    expect(await discoverPackages([dir])).toEqual({ packages: [], skipped: [], duplicates: [] });
  });

  it('says what it skipped and why, and goes on', async () => {
    const dir = folderOf({
      'a/package.toml': '=',
      'b/package.toml': pythonManifest('b'),
      'c/package.toml/x': '',
      'd.fid': 'no archive',
    });

    const { packages, skipped } = await discoverPackages([dir]);

    expect(packages.map(({ manifest }) => manifest.name)).toEqual(['b']);
    expect(skipped.map(({ path, reason }) => [path, (reason as { code?: string }).code])).toEqual([
      [join(dir, 'a'), 'FIDIUS_MANIFEST_PARSE'],
      [join(dir, 'c'), 'FIDIUS_MANIFEST_UNREADABLE'],
      [join(dir, 'd.fid'), 'FIDIUS_ARCHIVE_CORRUPT'],
    ]);
  });

  it('treats a missing search path as empty, and reports one that is not a folder', async () => {
    const dir = folderOf({ file: '' });

    const { skipped } = await discoverPackages([join(dir, 'none'), join(dir, 'file')]);

    expect(skipped.map(({ path }) => path)).toEqual([join(dir, 'file')]);
    expect(skipped[0]?.reason.message).toContain('Cannot list the search path');
  });

  it('reports names that occur more than once', async () => {
    const dir = folderOf({
      'a/package.toml': pythonManifest('same', '1.0.0'),
      'b/package.toml': pythonManifest('other'),
      'c/package.toml': pythonManifest('same', '2.0.0'),
    });

    const { duplicates } = await discoverPackages([dir]);

    expect(duplicates.map(({ name, packages }) => [name, packages.map(({ manifest }) => manifest.version)])).toEqual([
      ['same', ['1.0.0', '2.0.0']],
    ]);
  });

  it('follows links to packages', async () => {
    const dir = tempFolder();
    symlinkSync(packageOf(), join(dir, 'link'));

    expect((await discoverPackages([dir])).packages).toHaveLength(1);
  });

  it('takes a thousand packages, and lets other work through', async () => {
    const dir = tempFolder();
    for (let index = 0; index < 1000; index += 1)
      fill(join(dir, `p${index}`), { 'package.toml': pythonManifest(`p${index}`) });
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);

    const { packages } = await discoverPackages([dir]);

    clearInterval(timer);
    expect(packages).toHaveLength(1000);
    expect(turns).toBeGreaterThan(5);
  });

  it('stops when it is told to', async () => {
    const attempt = discoverPackages([packageOf()], { signal: AbortSignal.abort(new Error('enough')) });

    await expect(attempt).rejects.toThrow('enough');
  });
});
