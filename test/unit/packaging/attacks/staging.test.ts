import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packPackage } from '../../../../src/packaging/archive/pack-package.ts';
import { unpackPackage } from '../../../../src/packaging/archive/unpack-package.ts';
import { removeTree } from '../../../../src/packaging/files/remove-tree.ts';
import { recoverStaging } from '../../../../src/packaging/files/staging.ts';
import { SecretKey } from '../../../../src/packaging/signing/keys.ts';
import { signPackage } from '../../../../src/packaging/signing/sign-package.ts';
import { contentsOf } from '../../../support/contents.ts';
import { failureOf } from '../../../support/failure.ts';
import { outputOf } from '../../../support/isolated.ts';
import { noOtherUser, otherUid, runAsOther, startAsOther } from '../../../support/other-user.ts';
import { folderOf, packageOf } from '../../../support/packages.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const key = new SecretKey(Buffer.alloc(32, 1));
const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const dead = spawnSync('true').pid;
const names = [`.fidius-old-${machine}-${dead}-abc`, '.fidius-staging-0123456789abcdef'] as const;

describe('what a publisher hides in a package', () => {
  it.each(names)('is not taken for what this library left there: %s', async (name) => {
    const record = JSON.stringify({ format: 1, machine, process: dead, folder: '1', replaces: 'demo.py' });
    const files = { [`${name}/record.json`]: record, [`${name}/old-1/x`]: 'evil', [`${name}-demo.py`]: 'evil' };
    const dir = packageOf({ 'demo.py': 'good', ...files });
    chmodSync(join(dir, name), 0o700);

    await signPackage(dir, { key }).catch(() => {});
    await packPackage(dir, { output: join(tempFolder(), 'demo.fid'), key }).catch(() => {});

    expect(contentsOf(dir)).toMatchObject({ 'demo.py': 'good', ...files });
  });

  it('is neither signed nor packed when it looks like the private folder of an interrupted run', async () => {
    const dir = packageOf({ [`${names[1]}/vendor/x.py`]: '' });

    const errors = [
      await failureOf(() => signPackage(dir, { key })),
      await failureOf(() => packPackage(dir, { output: join(tempFolder(), 'demo.fid') })),
    ];

    expect(errors.map(({ code }) => code)).toEqual(['FIDIUS_PACKAGE_LEFTOVER', 'FIDIUS_PACKAGE_LEFTOVER']);
    expect(errors[0]?.message).toBe(`Package ${dir} contains ${names[1]}, the incomplete output of an interrupted run`);
    expect(existsSync(join(dir, 'package.sig'))).toBe(false);
  });

  it('stays out of the package: nothing is half made in it', async () => {
    const dir = packageOf();
    const seen = new Set<string>();
    const watching = setInterval(() => readdirSync(dir).forEach((name) => seen.add(name)), 0);

    for (let round = 0; round < 20; round += 1) await signPackage(dir, { key });
    clearInterval(watching);

    expect([...seen, ...readdirSync(dir)].filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe(`what another user puts into a shared folder${noOtherUser === undefined ? '' : ` (skipped: ${noOtherUser})`}`, () => {
  it.runIf(noOtherUser === undefined)('is neither deleted nor moved', async () => {
    const archive = await packedDemo();
    const shared = sharedFolder();
    const files = [...names, `${names[0]}-victim`];
    const record = { format: 1, machine, process: dead, replaces: 'victim' };
    runAsOther(
      `const fs = require('fs'); for (const name of ${JSON.stringify(files)}) {
         fs.mkdirSync(name, { mode: 0o700 }); fs.mkdirSync(name + '/old-1');
         const folder = String(fs.statSync(name).ino);
         fs.writeFileSync(name + '/record.json', JSON.stringify({ ...${JSON.stringify(record)}, folder })); }`,
      shared,
    );

    await unpackPackage(archive, shared);
    await packPackage(packageOf(), { output: join(shared, 'other.fid') });

    expect(readdirSync(shared).sort()).toEqual([...files, 'demo-1.0.0', 'other.fid'].sort());
    expect(files.map((name) => readdirSync(join(shared, name)).sort())).toEqual(
      files.map(() => ['old-1', 'record.json']),
    );
  });

  it.runIf(noOtherUser === undefined)('is not recovered by root, nor by them what root left there', async () => {
    const shared = sharedFolder();
    chmodSync(shared, 0o1777);
    const leave = (name: string, replaces: string) => `
      const fs = require('fs'); fs.mkdirSync('${name}', { mode: 0o700 }); fs.mkdirSync('${name}/old-1');
      fs.writeFileSync('${name}/record.json', JSON.stringify({ format: 1, machine: '${machine}', process: ${dead},
        folder: String(fs.statSync('${name}').ino), replaces: '${replaces}' }));`;
    const [theirs, ours] = ['.fidius-staging-000000000000000a', '.fidius-staging-000000000000000b'];
    runAsOther(leave(theirs, 'of-theirs'), shared);
    execFileSync(process.execPath, ['-e', leave(ours, 'of-root')], { cwd: shared });

    const recovered = [];
    await recoverStaging(shared);
    recovered.push(readdirSync(shared).sort());
    execFileSync(process.execPath, ['-e', leave(ours, 'more-of-root')], { cwd: shared });
    const { stdout } = await outputOf('recover-as-other.ts', { args: [shared, String(otherUid)] });
    recovered.push(readdirSync(shared).sort());

    expect(stdout).toBe(`recovered as ${otherUid}\n`);
    expect(recovered).toEqual([
      [theirs, 'of-root'],
      [ours, 'of-root', 'of-theirs'],
    ]);
    expect(lstatSync(join(shared, 'of-theirs')).uid).toBe(otherUid);
  });

  it.runIf(noOtherUser === undefined)('cannot make root recover through a link', async () => {
    // A private folder of root's with a valid record, elsewhere, which only a link of another user leads to.
    const elsewhere = tempFolder();
    const name = '.fidius-staging-000000000000000c';
    mkdirSync(join(elsewhere, name, 'old-1'), { recursive: true });
    chmodSync(join(elsewhere, name), 0o700);
    const folder = String(lstatSync(join(elsewhere, name)).ino);
    const record = { format: 1, machine, process: dead, folder, replaces: 'victim' };
    writeFileSync(join(elsewhere, name, 'record.json'), JSON.stringify(record));
    const shared = sharedFolder();
    runAsOther(`require('fs').symlinkSync(${JSON.stringify(join(elsewhere, name))}, '${name}')`, shared);

    await recoverStaging(shared);

    expect(readdirSync(shared)).toEqual([name]);
    expect(readdirSync(join(elsewhere, name)).sort()).toEqual(['old-1', 'record.json']);
  });

  // A race: each attempt has some chance against code that uses paths, and none against code that does not.
  it.runIf(noOtherUser === undefined).each([1, 2, 3, 4, 5, 6])(
    'cannot make root remove files elsewhere while a folder is removed (attempt %i)',
    async () => {
      const files = Array.from({ length: 1000 }, (_, index) => `f${index}`);
      const elsewhere = folderOf(Object.fromEntries(files.map((name) => [name, 'precious'])));
      const shared = sharedFolder();
      // A folder with files of the same names becomes a link and a folder again, as fast as it can.
      const swap = `const fs = require('fs'); const attempt = (action) => { try { action() } catch {} };
        fs.mkdirSync('tree/a', { recursive: true });
        for (const name of ${JSON.stringify(files)}) fs.writeFileSync('tree/a/' + name, '');
        console.log('ready');
        for (;;) {
          attempt(() => fs.symlinkSync(${JSON.stringify(elsewhere)}, 'tree/l'));
          attempt(() => fs.renameSync('tree/a', 'tree/d')); attempt(() => fs.renameSync('tree/l', 'tree/a'));
          attempt(() => fs.renameSync('tree/a', 'tree/l')); attempt(() => fs.renameSync('tree/d', 'tree/a')); }`;
      const attacker = await startAsOther(swap, shared);
      try {
        for (let round = 0; round < 20; round += 1) await removeTree(join(shared, 'tree')).catch(() => {});
      } finally {
        attacker.kill('SIGKILL');
        await once(attacker, 'exit');
      }

      expect(readdirSync(elsewhere)).toHaveLength(files.length);
    },
  );

  it.runIf(noOtherUser === undefined)('does not become part of what root unpacks there', async () => {
    const archive = await packedDemo();
    const shared = sharedFolder();
    // Exchanges whatever private folder appears for a link to a folder of root's.
    const elsewhere = folderOf({ kept: 'precious' });
    const swap = `const fs = require('fs'); console.log('ready');
      for (;;) for (const name of fs.readdirSync('.')) if (name.startsWith('.fidius-')) {
        try { fs.renameSync(name, 'moved-' + Math.random()); fs.symlinkSync(${JSON.stringify(elsewhere)}, name); } catch {} }`;
    const attacker = await startAsOther(swap, shared);
    try {
      for (let round = 0; round < 50; round += 1) await unpackPackage(archive, shared).catch(() => {});
    } finally {
      attacker.kill('SIGKILL');
      await once(attacker, 'exit');
    }

    expect(contentsOf(elsewhere)).toEqual({ kept: 'precious' });
  });
});

async function packedDemo(): Promise<string> {
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`lib/m${index}.py`, '']));
  return (await packPackage(packageOf(files), { output: join(tempFolder(), 'demo.fid') })).archive;
}

/** A folder of root's in which everybody may do everything. */
function sharedFolder(): string {
  const dir = tempFolder('shared');
  chmodSync(dir, 0o777);
  return dir;
}
