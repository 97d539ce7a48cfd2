import { lstatSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unpackPackage } from '../../../src/packaging.ts';
import { contentsOf } from '../../support/contents.ts';
import { failureOf } from '../../support/failure.ts';
import { fill, pythonManifest } from '../../support/packages.ts';
import { tarEntry, tarOf, writeArchiveFile } from '../../support/tar-builder.ts';
import { tempFolder } from '../../support/temp-folder.ts';

describe('the folder that an archive is unpacked to', () => {
  it.each(['.git', '.venv', '.'])('is never one that begins with a dot: %s', async (root) => {
    const dest = tempFolder();
    fill(dest, { [`${root}/hooks/pre-commit`]: 'mine' });

    const error = await failureOf(async () => unpackPackage(await archiveWith(root), dest, { force: true }));

    expect(error.code).toBe('FIDIUS_ARCHIVE_LAYOUT');
    expect(contentsOf(dest)).toEqual({ [join(root, 'hooks/pre-commit')]: 'mine' });
  });

  it.each(['src', 'node_modules', 'demo-2.0.0'])(
    'has its name from the manifest, not from the archive: %s',
    async (root) => {
      const dest = tempFolder();
      fill(dest, { [`${root}/mine`]: 'mine' });

      const { dir } = await unpackPackage(await archiveWith(root), dest);

      expect(dir).toBe(join(dest, 'demo-1.0.0'));
      expect(readdirSync(dest).sort()).toEqual([root, 'demo-1.0.0'].sort());
      expect(readdirSync(join(dest, root))).toEqual(['mine']);
    },
  );

  it.each(['../escape', 'a/b', '.hidden', 'x\\u0000y'])(
    'is not made of a name that cannot be one: %s',
    async (name) => {
      const dest = tempFolder();

      const error = await failureOf(async () => unpackPackage(await archiveWith('demo-1.0.0', name), dest));

      expect(['FIDIUS_PACKAGE_NAME', 'FIDIUS_MANIFEST_PARSE']).toContain(error.code);
      expect(readdirSync(dest)).toEqual([]);
    },
  );

  it.each<[string, Record<string, string>, string]>([
    ['no package', { 'notes.txt': 'mine' }, 'it is not a package'],
    ['another package', { 'package.toml': pythonManifest('other') }, 'it contains the package "other"'],
    ['a manifest that is damaged', { 'package.toml': 'x' }, 'it is damaged'],
  ])('is not replaced when it holds %s, unless forced', async (_what, files, problem) => {
    const dest = tempFolder();
    const archive = await archiveWith('demo-1.0.0');
    fill(join(dest, 'demo-1.0.0'), files);

    const error = await failureOf(() => unpackPackage(archive, dest));
    const untouched = contentsOf(join(dest, 'demo-1.0.0'));
    const { dir } = await unpackPackage(archive, dest, { force: true });

    expect(error.code).toBe('FIDIUS_ARCHIVE_OCCUPIED');
    expect(error.message).toContain(`Cannot replace ${dir} by package "demo" of archive ${archive}: ${problem}`);
    expect(untouched).toEqual(files);
    expect(Object.keys(contentsOf(dir))).toEqual(['package.toml']);
    expect(readdirSync(dest)).toEqual(['demo-1.0.0']);
  });

  it('is not followed where it is a link, even when forced', async () => {
    const dest = tempFolder();
    fill(dest, { 'elsewhere/package.toml': pythonManifest() });
    symlinkSync('elsewhere', join(dest, 'demo-1.0.0'));

    const error = await failureOf(async () => unpackPackage(await archiveWith('demo-1.0.0'), dest, { force: true }));

    expect(error.code).toBe('FIDIUS_ARCHIVE_UNWRITABLE');
    expect(lstatSync(join(dest, 'demo-1.0.0')).isSymbolicLink()).toBe(true);
    expect(readdirSync(dest).sort()).toEqual(['demo-1.0.0', 'elsewhere']);
  });
});

async function archiveWith(root: string, name = 'demo'): Promise<string> {
  const archive = join(tempFolder(), 'demo.fid');
  const content = pythonManifest(name);
  await writeArchiveFile(archive, tarOf(tarEntry({ path: `${root}/package.toml`, content })));
  return archive;
}
