import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packPackage } from '../../../../src/packaging/archive/pack-package.ts';
import { ByteSource, readTar } from '../../../../src/packaging/archive/tar/tar-reader.ts';
import { digestPackage } from '../../../../src/packaging/digest/package-digest.ts';
import { SecretKey } from '../../../../src/packaging/signing/keys.ts';
import { signPackage } from '../../../../src/packaging/signing/sign-package.ts';
import { PackageStore } from '../../../../src/packaging/store/package-store.ts';
import { failureOf } from '../../../support/failure.ts';
import { packageOf } from '../../../support/packages.ts';
import { longName, tarEntry } from '../../../support/tar-builder.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const key = new SecretKey(Buffer.alloc(32, 1));
const foldersInEachOther = (count: number) => Array.from({ length: count }, () => 'd').join('/');

describe('a folder whose folders lie deep in each other', () => {
  it('is refused beyond a hundred by everything that reads packages, and nothing is written', async () => {
    const dir = packageOf();
    mkdirSync(join(dir, foldersInEachOther(101)), { recursive: true });
    const store = await PackageStore.open(join(tempFolder(), 'store'));
    const output = join(tempFolder(), 'demo.fid');

    const errors = [
      await failureOf(() => digestPackage(dir)),
      await failureOf(() => signPackage(dir, { key })),
      await failureOf(() => packPackage(dir, { output })),
      await failureOf(() => store.addFolder(dir)),
    ];

    expect(errors.map(({ code }) => code)).toEqual(Array(4).fill('FIDIUS_PACKAGE_TOO_LARGE'));
    expect(errors[0]?.message).toBe(`Cannot read package: ${dir} has more than 100 levels of folders`);
    expect(readdirSync(dir).sort()).toEqual(['d', 'demo.py', 'package.toml']);
    expect(readdirSync(join(store.dir, 'content'))).toEqual([]);
    expect(readdirSync(join(output, '..'))).toEqual([]);
  });

  it('is read up to a hundred', async () => {
    const dir = packageOf();
    mkdirSync(join(dir, foldersInEachOther(100)), { recursive: true });

    expect(await digestPackage(dir)).toEqual(await digestPackage(packageOf()));
  });
});

describe('a folder with more folders than files may be created', () => {
  it('is refused, whether the folders are empty or around one file', async () => {
    const empty = packageOf();
    for (let index = 0; index < 21; index += 1) mkdirSync(join(empty, `f${index}`));
    const around = packageOf({ [`${foldersInEachOther(21)}/x`]: '' });
    const store = await PackageStore.open(join(tempFolder(), 'store'));

    const errors = [
      await failureOf(() => store.addFolder(empty, { maxEntries: 20 })),
      await failureOf(() => store.addFolder(around, { maxEntries: 20 })),
    ];

    expect(errors.map(({ code }) => code)).toEqual(Array(2).fill('FIDIUS_PACKAGE_TOO_LARGE'));
    expect(errors[1]?.message).toContain('has more than 20 ');
    expect(readdirSync(join(store.dir, 'content'))).toEqual([]);
  });
});

describe('an archive of long names', () => {
  it('is refused before it has kept the reader busy', async () => {
    const name = longName('x'.repeat(64 * 1024 - 1));
    const file = tarEntry({ path: 'demo-1.0.0/x' });
    let given = 0;
    const pieces = (async function* () {
      for (; given < 1100; given += 1) {
        yield name;
        yield file;
      }
    })();
    const read = async () => {
      for await (const _ of readTar(new ByteSource(pieces)));
    };

    await expect(read()).rejects.toThrow('it consists mostly of extended headers');
    expect(given).toBe(1024);
  });
});
