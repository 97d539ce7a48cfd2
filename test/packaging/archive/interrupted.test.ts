import { execFileSync, spawnSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestPackage, PackageStore, packPackage, unpackPackage } from '../../../src/packaging.ts';
import { failureOf } from '../../support/failure.ts';
import { runIsolated } from '../../support/isolated.ts';
import { fill, pythonManifest } from '../../support/packages.ts';
import { tempFolder } from '../../support/temp-folder.ts';

// One archive for all: a few hundred files, and one that fills several blocks.
let folder: string;
let archive: string;
let digest: Buffer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fidius-interrupted-'));
  const dir = join(folder, 'package');
  const files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`lib/m${index}.py`, `x = ${index}\n`]));
  fill(dir, { 'package.toml': pythonManifest(), ...files, 'data.bin': noise(1_500_000) });
  ({ archive, digest } = await packPackage(dir, { output: join(folder, 'demo.fid') }));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe('unpacking that is killed', () => {
  it.each([1, 4, 7])('leaves the old version whole (after %i pieces), and the next run clears up', async (pieces) => {
    const dest = tempFolder();
    fill(dest, { 'demo-1.0.0/old': 'old', 'demo-1.0.0/package.toml': pythonManifest() });

    const killed = await runIsolated('unpack.ts', {
      args: [archive, dest, String(pieces)],
      signalWhenReady: 'SIGKILL',
    });

    expect(killed.signal).toBe('SIGKILL');
    expect(readdirSync(join(dest, 'demo-1.0.0'))).toEqual(['old', 'package.toml']);
    expect(readdirSync(dest)).toHaveLength(2);
    await unpackPackage(archive, dest, { maxRatio: 0 });
    expect(readdirSync(dest)).toEqual(['demo-1.0.0']);
    expect(await digestPackage(join(dest, 'demo-1.0.0'))).toEqual(digest);
  });
});

describe('packing that is killed', () => {
  it.each([1, 200])('leaves the old archive whole (after %i files), and the next run clears up', async (files) => {
    const dest = tempFolder();
    const output = join(dest, 'demo.fid');
    writeFileSync(output, 'old');

    const killed = await runIsolated('pack.ts', {
      args: [join(folder, 'package'), output, String(files)],
      signalWhenReady: 'SIGKILL',
    });

    expect(killed.signal).toBe('SIGKILL');
    expect(readFileSync(output, 'utf8')).toBe('old');
    expect(readdirSync(dest)).toHaveLength(2);
    await packPackage(join(folder, 'package'), { output });
    expect(readdirSync(dest)).toEqual(['demo.fid']);
    expect(readFileSync(output)).toEqual(readFileSync(archive));
  });
});

describe('packing in several processes at once', () => {
  it('gives one whole archive', async () => {
    const dest = tempFolder();
    const output = join(dest, 'demo.fid');

    const outcomes = await Promise.all(
      [1, 2].map(() => runIsolated('pack.ts', { args: [join(folder, 'package'), output] })),
    );

    expect(outcomes.map(({ stdout, stderr }) => stdout + stderr)).toEqual(Array(2).fill('302 files\n'));
    expect(readdirSync(dest)).toEqual(['demo.fid']);
    expect(readFileSync(output)).toEqual(readFileSync(archive));
  });
});

describe('unpacking in several processes at once', () => {
  it('gives one whole package', async () => {
    const dest = tempFolder();

    const outcomes = await Promise.all([1, 2, 3].map(() => runIsolated('unpack.ts', { args: [archive, dest] })));

    expect(outcomes.map(({ stdout, stderr }) => stdout + stderr)).toEqual(Array(3).fill('302 files\n'));
    expect(readdirSync(dest)).toEqual(['demo-1.0.0']);
    expect(await digestPackage(join(dest, 'demo-1.0.0'))).toEqual(digest);
  });
});

// Needs a file system of its own, which only root may mount.
const mounted = mountSmallDisk();
afterAll(() => {
  if (mounted.path === undefined) return;
  execFileSync('umount', [mounted.path]);
  rmSync(mounted.path, { recursive: true });
});

describe(`on a disk that is full (${mounted.path === undefined ? `not tested: ${mounted.reason}` : 'tmpfs'})`, () => {
  const disk = mounted.path ?? '';

  it.runIf(mounted.path !== undefined)('unpacking fails, leaves nothing and keeps the old version', async () => {
    fill(disk, { 'dest/demo-1.0.0/old': 'old', 'dest/demo-1.0.0/package.toml': pythonManifest() });

    const error = await failureOf(() => unpackPackage(archive, join(disk, 'dest'), { maxRatio: 0 }));

    expect(error.code).toBe('FIDIUS_ARCHIVE_UNWRITABLE');
    expect(error.message).toMatch(/^Cannot unpack \S+ of archive .*: ENOSPC/);
    expect(readdirSync(join(disk, 'dest'))).toEqual(['demo-1.0.0']);
    expect(readdirSync(join(disk, 'dest', 'demo-1.0.0'))).toEqual(['old', 'package.toml']);
  });

  it.runIf(mounted.path !== undefined)('packing fails and leaves no archive', async () => {
    const output = join(disk, 'demo.fid');
    writeFileSync(output, 'old');

    const error = await failureOf(() => packPackage(join(folder, 'package'), { output }));

    expect(error.code).toBe('FIDIUS_ARCHIVE_UNWRITABLE');
    expect(error.message).toContain('ENOSPC');
    expect(readdirSync(disk).filter((name) => name.includes('fid'))).toEqual(['demo.fid']);
    expect(statSync(output).size).toBe(3);
  });

  it.runIf(mounted.path !== undefined)('storing fails and leaves nothing', async () => {
    const store = await PackageStore.open(join(disk, 'store'));

    const error = await failureOf(() => store.addFolder(join(folder, 'package')));

    expect(error.code).toBe('FIDIUS_STORE_UNWRITABLE');
    expect(error.message).toContain('ENOSPC');
    expect(readdirSync(join(store.dir, 'content'))).toEqual([]);
  });

  it.runIf(mounted.path !== undefined)('a disk that is read-only is reported as such', async () => {
    execFileSync('mount', ['-o', 'remount,ro', disk]);

    const unpack = await failureOf(() => unpackPackage(archive, join(disk, 'dest')));
    const pack = await failureOf(() => packPackage(join(folder, 'package'), { output: join(disk, 'x.fid') }));
    execFileSync('mount', ['-o', 'remount,rw', disk]);

    expect(unpack.code).toBe('FIDIUS_ARCHIVE_UNWRITABLE');
    expect(unpack.message).toContain('EROFS');
    expect(pack.message).toContain('EROFS');
  });
});

function mountSmallDisk(): { readonly path?: string; readonly reason?: string } {
  const path = mkdtempSync(join(tmpdir(), 'fidius-small-disk-'));
  const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=700k', 'tmpfs', path]);
  if (status === 0) return { path };
  rmSync(path, { recursive: true });
  return { reason: (error?.message ?? stderr.toString()).trim() };
}

function noise(bytes: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
