import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineInterface, PluginHost } from '../../src/index.ts';
import { packPackage } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { runFidius } from '../support/run-fidius.ts';
import { tempFolder } from '../support/temp-folder.ts';

const Empty = defineInterface('Greeter', { version: 1, methods: {} });

const template = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-store-')));
afterAll(() => rmSync(template, { recursive: true, force: true }));

/** Archives of two versions in `plugins`, and a store in which processes that ended have put both. */
beforeAll(async () => {
  const folder = template;
  for (const version of ['1.0.0', '2.0.0']) {
    const source = `__interface_hash__ = ${Empty.hash}\ndef version(): return "${version}"\n`;
    fill(join(folder, version), { 'package.toml': pythonManifest('demo', version), 'demo.py': source });
    mkdirSync(join(folder, 'plugins'), { recursive: true });
    await packPackage(join(folder, version), { output: join(folder, `plugins/demo-${version}.fid`) });
    const argv = ['run', `plugins/demo-${version}.fid`, 'version', '--store', 'store', '-q'];
    const { exitCode, stderr } = runFidius(argv, { cwd: folder });
    if (exitCode !== 0) throw new Error(stderr);
  }
});

/** A copy of the template. */
function workplace(): string {
  const folder = tempFolder();
  cpSync(template, folder, { recursive: true, preserveTimestamps: true });
  return folder;
}

const stored = (folder: string) =>
  readdirSync(join(folder, 'store/content'))
    .filter((name) => !name.endsWith('.fingerprint'))
    .map((name) => name.slice(0, 'demo-1.0.0'.length));

async function prune(folder: string, ...argv: readonly string[]) {
  const outcome = await fidiusIn(folder, ['store', 'prune', '--store', 'store', ...argv]);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  return outcome.stdout;
}

/** Makes the last use of a package ten days old. */
function age(folder: string, version: string): void {
  const content = join(folder, 'store/content');
  const name = readdirSync(content).find((each) => each.startsWith(`demo-${version}`) && each.endsWith('.fingerprint'));
  const then = new Date(Date.now() - 10 * 86_400_000);
  utimesSync(join(content, name ?? ''), then, then);
}

describe('fidius store list', () => {
  it('lists name, version, digest, size and last use', async () => {
    const folder = workplace();
    age(folder, '1.0.0');

    const { stdout } = await fidiusIn(folder, ['store', 'list', '--store', 'store']);
    const { stdout: json } = await fidiusIn(folder, ['store', 'list', '--store', 'store', '--json']);

    const line = (version: string) =>
      `demo  ${version.replaceAll('.', '\\.')}  [0-9a-f]{12}  \\d+ B  last used \\d{4}-\\d\\d-\\d\\d\\n`;
    expect(stdout).toMatch(new RegExp(`^${line('1.0.0')}${line('2.0.0')}2 packages, \\d+ B in <here>/store\\n$`));
    const { packages } = JSON.parse(json) as { packages: readonly { version: string; lastUse: string }[] };
    expect(packages).toMatchObject([
      { name: 'demo', version: '1.0.0', use: 'none', digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { name: 'demo', version: '2.0.0', use: 'none', bytes: expect.any(Number) },
    ]);
    expect(Date.parse(packages[0]?.lastUse ?? '')).toBeLessThan(Date.parse(packages[1]?.lastUse ?? ''));
  });

  it('uses the store of the user without --store, and creates none', async () => {
    const folder = tempFolder();

    const { exitCode, stdout } = await fidiusIn(folder, ['store', 'list'], { env: { XDG_CACHE_HOME: folder } });

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '0 packages, 0 B in <here>/fidius/packages\n' });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('fidius store prune', () => {
  it('removes packages that no process uses, and what belongs to them', async () => {
    const folder = workplace();

    expect(await prune(folder)).toMatch(/\nRemoved 2 packages, \d+ B; kept 0\n$/);
    expect(stored(folder)).toEqual([]);
    // `archives` exists only if an archive was old enough to be remembered by its time stamps.
    const left = readdirSync(join(folder, 'store'), { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => name !== 'archives').sort()).toEqual(['content', 'uses']);
    // A load stores it again.
    const argv = ['run', 'plugins/demo-1.0.0.fid', 'version', '--store', 'store', '-q'];
    expect((await fidiusIn(folder, argv)).stdout).toBe('"1.0.0"\n');
  });

  it('removes nothing with --dry-run', async () => {
    const folder = workplace();

    expect(await prune(folder, '--dry-run')).toMatch(/\nWould remove 2 packages, \d+ B; kept 0\n$/);
    expect(stored(folder)).toEqual(['demo-1.0.0', 'demo-2.0.0']);
  });

  it('keeps packages that were used in the time of --older-than', async () => {
    const folder = workplace();
    age(folder, '1.0.0');

    expect(await prune(folder, '--older-than', '2w')).toContain('Removed 0 packages');
    expect(await prune(folder, '--older-than', '9d')).toMatch(/^demo {2}1\.0\.0 .*\nRemoved 1 package, .* kept 1\n$/);
    expect(stored(folder)).toEqual(['demo-2.0.0']);
  });

  it('counts a load as a use', async () => {
    const folder = workplace();
    const load = () =>
      runFidius(['run', 'plugins/demo-1.0.0.fid', 'version', '--store', 'store'], { cwd: folder }).exitCode;
    // The first load reads the copy of the store again, and writes its record.
    expect(load()).toBe(0);
    age(folder, '1.0.0');

    expect(load()).toBe(0);

    expect(await prune(folder, '--older-than', '9d')).toContain('Removed 0 packages');
  });

  it('keeps packages that a running process has loaded, until it ends', async () => {
    const folder = workplace();
    const storeDir = join(folder, 'store');
    {
      await using host = await PluginHost.open({ searchPaths: [join(folder, 'plugins')], storeDir });
      await host.load('demo', Empty, { version: '2.0.0' });

      // In a process of its own: whether this one is alive is seen from there.
      const { stdout } = runFidius(['store', 'prune', '--store', 'store'], { cwd: folder });
      const listed = runFidius(['store', 'list', '--store', 'store'], { cwd: folder });

      expect(stdout).toMatch(/^demo {2}1\.0\.0 .*\nRemoved 1 package, .*; kept 1, 1 in use\n$/);
      expect(stored(folder)).toEqual(['demo-2.0.0']);
      expect(listed.stdout).toContain('  in use\n');
    }
  });

  it('keeps packages that another machine may use, unless it is told to ignore them', async () => {
    const folder = workplace();
    const digest = readdirSync(join(folder, 'store/content'))[0]?.slice(
      'demo-1.0.0-'.length,
      'demo-1.0.0-'.length + 64,
    );
    writeFileSync(join(folder, 'store/uses', `${digest}.00000000.1`), '');

    expect(await prune(folder)).toContain('kept 1, 1 in use\n');
    expect(stored(folder)).toEqual(['demo-1.0.0']);
    expect(await prune(folder, '--ignore-other-machines')).toContain('Removed 1 package');
    expect(existsSync(join(folder, 'store/uses', `${digest}.00000000.1`))).toBe(true);
  });

  it.each(['30', '1y', 'soon', '-1d'])('rejects --older-than %s', async (value) => {
    const { exitCode, stderr } = await fidiusIn(tempFolder(), ['store', 'prune', `--older-than=${value}`]);

    expect(exitCode).toBe(2);
    expect(stderr).toContain(`takes a number and a unit after --older-than, not ${value}\nhint: Use m for minutes`);
  });
});
