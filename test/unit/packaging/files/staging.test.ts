import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeTree } from '../../../../src/packaging/files/remove-tree.ts';
import { recoverStaging, Staging } from '../../../../src/packaging/files/staging.ts';
import { contentsOf } from '../../../support/contents.ts';
import { folderOf } from '../../../support/packages.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const dead = spawnSync('true').pid;
const name = '.fidius-staging-0123456789abcdef';

/** What a process of this user that was killed left in `dir`. */
function leftover(dir: string, record: Record<string, unknown> = {}): string {
  const folder = join(dir, name);
  mkdirSync(folder, { mode: 0o700 });
  const own = { format: 1, machine, process: dead, folder: String(statSync(folder).ino) };
  writeFileSync(join(folder, 'record.json'), JSON.stringify({ ...own, ...record }));
  return folder;
}

function fillFolder(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

describe('Staging', () => {
  it('replaces the folder that is there with what was made', async () => {
    const dir = folderOf({ 'target/old': '' });
    const staging = await Staging.create(dir);
    fillFolder(staging.path, { new: '' });

    await staging.replaceFolder(join(dir, 'target'));
    await staging.remove();

    expect(contentsOf(dir)).toEqual({ 'target/new': '' });
    expect(readdirSync(dir)).toEqual(['target']);
  });

  it('leaves the old folder where it is when nothing was made', async () => {
    const dir = folderOf({ 'target/old': '' });
    const staging = await Staging.create(dir);

    await expect(staging.replaceFolder(join(dir, 'target'))).rejects.toThrow('ENOENT');
    await staging.remove();

    expect(contentsOf(dir)).toEqual({ 'target/old': '' });
  });

  it.each<[string, (made: string) => void, string]>([
    ['the new one cannot be moved', (made) => rmSync(made, { recursive: true }), 'ENOENT'],
    [
      'it must not be replaced after all',
      () => {
        throw new Error('not this one');
      },
      'not this one',
    ],
  ])('puts the old folder back when %s, once it was moved away', async (_why, interfere, problem) => {
    const dir = folderOf({ 'target/old': '' });
    const target = join(dir, 'target');
    const staging = await Staging.create(dir);
    fillFolder(staging.path, { new: '' });
    const asked: boolean[] = [];

    const replacing = staging.replaceFolder(target, (old) => {
      asked.push(old === target);
      if (old !== target) interfere(staging.path);
    });

    await expect(replacing).rejects.toThrow(problem);
    await staging.remove();
    expect(asked).toEqual([true, false]);
    expect(contentsOf(dir)).toEqual({ 'target/old': '' });
  });

  it.each<[string, (path: string) => void]>([
    ['a file', (path) => writeFileSync(path, 'mine')],
    ['a link to a folder', (path) => symlinkSync('elsewhere', path)],
  ])('never replaces %s by a folder', async (_what, make) => {
    const dir = folderOf({ 'elsewhere/file': 'mine' });
    make(join(dir, 'target'));
    const staging = await Staging.create(dir);
    fillFolder(staging.path, { new: '' });

    await expect(staging.replaceFolder(join(dir, 'target'))).rejects.toThrow('ENOTDIR');
    await staging.remove();

    expect(readdirSync(dir)).toEqual(['elsewhere', 'target']);
    expect(readFileSync(join(dir, 'elsewhere/file'), 'utf8')).toBe('mine');
  });

  it('is closed to other users from the first moment, and leaves nothing', async () => {
    const dir = tempFolder();
    const umask = process.umask(0);
    const staging = await Staging.create(dir).finally(() => process.umask(umask));
    const [folder = ''] = readdirSync(dir);

    expect(statSync(join(dir, folder)).mode & 0o777).toBe(0o700);
    await staging.remove();
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('recoverStaging', () => {
  it('puts back an old folder whose replacement was never moved in', async () => {
    const dir = tempFolder();
    fillFolder(leftover(dir, { replaces: 'demo-1.0.0' }), { 'old-1/old': 'old' });

    await recoverStaging(dir);

    expect(contentsOf(dir)).toEqual({ 'demo-1.0.0/old': 'old' });
  });

  it('clears away an old folder whose replacement is there, and what was half made', async () => {
    const dir = folderOf({ 'demo-1.0.0/new': '' });
    fillFolder(leftover(dir, { replaces: 'demo-1.0.0' }), { 'old-1/old': '', 'new/half': '' });

    await recoverStaging(dir);

    expect(contentsOf(dir)).toEqual({ 'demo-1.0.0/new': '' });
    expect(readdirSync(dir)).toEqual(['demo-1.0.0']);
  });

  it('puts back folders only', async () => {
    const dir = tempFolder();
    fillFolder(leftover(dir, { replaces: 'demo-1.0.0' }), { 'old-1': 'a file' });

    await recoverStaging(dir);

    expect(readdirSync(dir)).toEqual([]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['a process that lives', { process: process.pid }],
    ['a process of another machine, today', { machine: '00000000', process: 1 }],
    ['another folder, as a copy or an unpacked archive holds it', { folder: '12345' }],
    ['nothing that is known', { format: 2 }],
    ['a path in place of a name', { replaces: '../elsewhere' }],
    ['the folder itself', { replaces: '.' }],
  ])('leaves alone what has a record of %s', async (_what, record) => {
    const dir = tempFolder();
    fillFolder(leftover(dir, record), { 'old-1/file': '' });

    await recoverStaging(dir);

    expect(readdirSync(dir)).toEqual([name]);
    expect(readdirSync(join(dir, name)).sort()).toEqual(['old-1', 'record.json']);
  });

  it('leaves alone what has no record, or is open to other users', async () => {
    const dir = folderOf({ [`${name}/file`]: '' });
    const open = leftover(folderOf({}));
    chmodSync(open, 0o750);

    await recoverStaging(dir);
    await recoverStaging(join(open, '..'));

    expect(readdirSync(join(dir, name))).toEqual(['file']);
    expect(readdirSync(open)).toEqual(['record.json']);
  });

  it('leaves alone links and files of such a name', async () => {
    const dir = folderOf({ '.fidius-staging-00000000000000ff': 'a file' });
    const elsewhere = leftover(tempFolder());
    symlinkSync(elsewhere, join(dir, name));

    await recoverStaging(dir);

    expect(readdirSync(dir)).toEqual(['.fidius-staging-00000000000000ff', name]);
    expect(readdirSync(elsewhere)).toEqual(['record.json']);
  });

  it('removes folders that another machine has not touched for a day', async () => {
    const dir = tempFolder();
    const folder = leftover(dir, { machine: '00000000', process: 1 });
    // Compared with the times of files.
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
    utimesSync(folder, longAgo, longAgo);

    await recoverStaging(dir);

    expect(readdirSync(dir)).toEqual([]);
  });
});

describe.runIf(existsSync('/proc/self/fd'))('the folders of stagings', () => {
  it('are held open no longer than needed, whatever becomes of them', async () => {
    const dir = folderOf({ [`${name}/file`]: '' });
    const parent = tempFolder();
    const openFolders = () =>
      readdirSync('/proc/self/fd').filter((descriptor) => {
        const target = linkOf(descriptor);
        return target.startsWith(dir) || target.startsWith(parent);
      });

    // Without a record; open to others; of a process that lives; left behind.
    await recoverStaging(dir);
    chmodSync(join(dir, name), 0o750);
    await recoverStaging(dir);
    const staging = await Staging.create(parent);
    await recoverStaging(parent);
    const during = openFolders();
    await staging.remove();
    leftover(parent);
    await recoverStaging(parent);

    expect(during).toHaveLength(1);
    expect(openFolders()).toEqual([]);
    expect(readdirSync(parent)).toEqual([]);
  });
});

function linkOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // That of the listing itself.
    return '';
  }
}

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

  it('removes links, and nothing that they lead to', async () => {
    const dir = folderOf({ 'kept/file': '', 'a/b/c': '' });
    symlinkSync('../../kept', join(dir, 'a/b/link'));
    symlinkSync('../kept/file', join(dir, 'a/file'));

    await removeTree(join(dir, 'a'));

    expect(contentsOf(dir)).toEqual({ 'kept/file': '' });
  });
});
