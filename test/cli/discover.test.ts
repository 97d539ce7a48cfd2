import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fidiusIn } from '../support/cli-here.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';

const six = (version: string) => `Name: six\nVersion: ${version}\n`;

/** Two folders with packages: some alike, one broken, one as an archive. */
async function workplace(): Promise<string> {
  const folder = tempFolder();
  fill(join(folder, 'plugins'), {
    'ant/package.toml': pythonManifest('ant', '1.10.0'),
    'ant/vendor/six-1.15.0.dist-info/METADATA': six('1.15.0'),
    'broken/package.toml': '[package]\nname = 7\n',
    'no-package/readme.txt': '',
    'zebra-with-a-long-name/package.toml': pythonManifest('zebra-with-a-long-name'),
    'zebra-with-a-long-name/vendor/six-1.16.0.dist-info/METADATA': six('1.16.0'),
  });
  fill(join(folder, 'more'), { 'ant/package.toml': pythonManifest('ant', '2.0.0') });
  await fidiusIn(folder, ['package', 'pack', 'more/ant', '--output', 'more/ant.fid']);
  return folder;
}

describe('fidius discover', () => {
  it('lists packages, skipped folders with the reason, and conflicts between packages', async () => {
    const { exitCode, stdout, stderr } = await fidiusIn(await workplace(), ['discover', 'plugins', 'more']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "ant                     1.10.0  Greeter (version 1)  python
      zebra-with-a-long-name  1.0.0   Greeter (version 1)  python
      ant                     2.0.0   Greeter (version 1)  python
      ant                     2.0.0   Greeter (version 1)  python  ant.fid
      4 packages found, 1 skipped
      skipped: <here>/plugins/broken
        Invalid manifest <here>/plugins/broken/package.toml
          /package/name: must be a string, is an integer (line 2, column 1)
          /package/version: is missing, must be a string (line 1, column 1)
          /package/interface: is missing, must be a string (line 1, column 1)
          /package/interface_version: is missing, must be an integer (line 1, column 1)
          /metadata: is missing, must be present even if empty
      several packages are named ant:
        1.10.0  <here>/plugins/ant
        2.0.0  <here>/more/ant
        2.0.0  <here>/more/ant.fid
      conflict: six is vendored as 1.15.0 in ant, 1.16.0 in zebra-with-a-long-name, and one interpreter can import only one of them
        Vendor one version of six in all of them, or run one of them in a separate process.
      "
    `);
  });

  it('prints the same as JSON', async () => {
    const { stdout } = await fidiusIn(await workplace(), ['discover', 'plugins', 'more', '--json']);

    expect(JSON.parse(stdout)).toMatchObject({
      packages: [
        { path: '<here>/plugins/ant', kind: 'folder', manifest: { name: 'ant', version: '1.10.0' } },
        { path: '<here>/plugins/zebra-with-a-long-name', kind: 'folder' },
        { path: '<here>/more/ant', kind: 'folder', manifest: { name: 'ant', version: '2.0.0' } },
        { path: '<here>/more/ant.fid', kind: 'archive', manifest: { name: 'ant', version: '2.0.0' } },
      ],
      skipped: [{ path: '<here>/plugins/broken', code: 'FIDIUS_MANIFEST_PARSE' }],
      duplicates: [{ name: 'ant', paths: ['<here>/plugins/ant', '<here>/more/ant', '<here>/more/ant.fid'] }],
      vendorConflicts: [{ distribution: 'six', versions: [{ package: 'ant' }, { package: 'zebra-with-a-long-name' }] }],
    });
  });

  it('prints a note for a path that is itself a package', async () => {
    const { exitCode, stdout, stderr } = await fidiusIn(await workplace(), ['discover', 'plugins/ant']);

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '0 packages found, 0 skipped\n' });
    expect(stderr).toBe('note: plugins/ant is itself a package; only the folders and archives in it are searched\n');
  });

  it('finds nothing in an empty folder', async () => {
    expect(await fidiusIn(tempFolder(), ['discover', '.'])).toMatchObject({
      exitCode: 0,
      stdout: '0 packages found, 0 skipped\n',
    });
  });

  it.each([
    ['no folder', [], 2, 'error: fidius discover needs <dir>\nhint: Usage: fidius discover <dir...> [options]\n'],
    [
      'a missing one',
      ['none'],
      1,
      'error: There is no folder <here>/none\nhint: Correct the path, or create the folder.\n',
    ],
  ])('fails with %s', async (_what, argv, exitCode, stderr) => {
    expect(await fidiusIn(tempFolder(), ['discover', ...argv])).toMatchObject({ exitCode, stdout: '', stderr });
  });
});
