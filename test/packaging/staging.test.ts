import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createStaging, placeFolder, recoverStaging, removeTree } from '../../src/packaging/staging.ts';
import { contentsOf } from '../support/contents.ts';
import { folderOf } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';

const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const dead = spawnSync('true').pid;

describe('placeFolder', () => {
  it('replaces what is there with what was built', async () => {
    const dir = folderOf({ 'target/old': '', 'built/new': '' });

    await placeFolder(join(dir, 'built'), join(dir, 'target'));

    expect(contentsOf(dir)).toEqual({ 'target/new': '' });
    expect(readdirSync(dir)).toEqual(['target']);
  });

  it('puts the old folder back when the new one cannot be moved', async () => {
    const dir = folderOf({ 'target/old': '' });

    await expect(placeFolder(join(dir, 'not built'), join(dir, 'target'))).rejects.toThrow('ENOENT');

    expect(contentsOf(dir)).toEqual({ 'target/old': '' });
  });
});

describe('recoverStaging', () => {
  it('puts back an old folder whose replacement was never moved in', async () => {
    const dir = folderOf({ [`.fidius-old-${machine}-${dead}-abc-demo-1.0.0/old`]: 'old' });

    await recoverStaging(dir);

    expect(contentsOf(dir)).toEqual({ 'demo-1.0.0/old': 'old' });
  });

  it('clears away a file that was half written', async () => {
    const dir = folderOf({ 'demo.fid': 'old', [`.fidius-new-${machine}-${dead}-abc`]: 'half' });

    await recoverStaging(dir);

    expect(contentsOf(dir)).toEqual({ 'demo.fid': 'old' });
  });

  it('clears away an old folder whose replacement is there, and what was half built', async () => {
    const dir = folderOf({
      'demo-1.0.0/new': '',
      [`.fidius-old-${machine}-${dead}-abc-demo-1.0.0/old`]: '',
      [`.fidius-new-${machine}-${dead}-abc/half`]: '',
    });

    await recoverStaging(dir);

    expect(contentsOf(dir)).toEqual({ 'demo-1.0.0/new': '' });
    expect(readdirSync(dir)).toEqual(['demo-1.0.0']);
  });

  it('leaves alone what a living process builds, here or elsewhere, and what has another name', async () => {
    const names = [`.fidius-new-${machine}-${process.pid}-abc`, '.fidius-new-00000000-1-abc', '.fidius-newest', 'x'];
    const dir = folderOf(Object.fromEntries(names.map((name) => [`${name}/file`, ''])));

    await recoverStaging(dir);

    expect(readdirSync(dir)).toEqual(names.toSorted());
  });

  it('gives up on what another machine has not touched for a day', async () => {
    const dir = folderOf({ '.fidius-new-00000000-1-abc/file': '' });
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
    utimesSync(join(dir, '.fidius-new-00000000-1-abc'), longAgo, longAgo);

    await recoverStaging(dir);

    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('createStaging', () => {
  it('makes a private folder, and its parents', async () => {
    const parent = join(tempFolder(), 'a', 'b');

    const staging = await createStaging(parent);

    expect(existsSync(staging)).toBe(true);
    expect(readdirSync(parent)).toHaveLength(1);
  });
});

describe('removeTree', () => {
  it('removes what is read-only, and does not mind what is not there', async () => {
    const dir = folderOf({ 'a/b/c': '' });
    chmodSync(join(dir, 'a/b/c'), 0o400);
    chmodSync(join(dir, 'a/b'), 0o500);
    chmodSync(join(dir, 'a'), 0o500);

    await removeTree(join(dir, 'a'));
    await removeTree(join(dir, 'a'));

    expect(readdirSync(dir)).toEqual([]);
  });
});
