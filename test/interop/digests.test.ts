import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestPackage } from '../../src/packaging.ts';
import { folderOf } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { interfaceSeed } from './random-interfaces.ts';
import { reference, run } from './reference.ts';

describe.skipIf(reference.digest === undefined)('the digest of a package is that of Rust', () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ['for no files at all', {}],
    [
      'in the order of the bytes of whole paths',
      { 'a-b/c': '1', 'a.txt': '2', 'a/b': '3', a0: '4', A: '5', é: '6', z: '7' },
    ],
    [
      'where UTF-16 has another order than UTF-8',
      { '\u{ff5e}': '1', '\u{1f600}': '2', '\u{e000}': '3', '\u{d7ff}': '4', '\u{10ffff}': '5' },
    ],
    ['for names that only some systems normalize', { '\u00e9': '1', 'e\u0301': '2', '\u00c5': '3', '\u212b': '4' }],
    [
      'without what is left out',
      {
        'a.py': '1',
        'package.sig': 'x',
        '.sig': 'x',
        'b/c.sig': 'x',
        'target/a': 'x',
        'b/target/a': 'x',
        '.git/a': 'x',
        'b/.git/c/d': 'x',
      },
    ],
    [
      'with what only looks as if it were left out',
      {
        'a.SIG': '1',
        'a.sig.py': '2',
        'x.sig/a': '3',
        'c/target': '4',
        'd/.git': '5',
        Target: '6',
        'target.d/a': '7',
        '.gitignore': '8',
        'targe/t': '9',
      },
    ],
    ['for empty files and long paths', { empty: '', [`${'long-folder-name-'.repeat(12)}/${'é'.repeat(120)}`]: '1' }],
    ['for control characters and blanks in names', { 'a\nb': '1', ' ': '2', 'a\tb ': '3', '\u007f': '4', '...': '5' }],
  ])('%s', async (_what, files) => {
    const dir = folderOf(files);

    expect(rustDigests([dir])).toEqual([await ourDigest(dir)]);
  });

  it('through links to files and folders of the package', async () => {
    const dir = folderOf({ 'a.py': '1', 'b/c.py': '2', 'b/d/e.py': '3' });
    symlinkSync('a.py', join(dir, 'z.py'));
    symlinkSync('b', join(dir, 'linked'));
    symlinkSync('b/d', join(dir, 'target'));
    symlinkSync('../../a.py', join(dir, 'b/d/up.py'));
    mkdirSync(join(dir, 'empty/deep'), { recursive: true });

    expect(rustDigests([dir])).toEqual([await ourDigest(dir)]);
  });

  it('for contents of every length around a block of the hash and of a read', async () => {
    const sizes = [1, 55, 56, 63, 64, 65, 8191, 8192, 8193, 262_143, 262_144, 262_145, 3_000_001];
    const dir = folderOf(Object.fromEntries(sizes.map((size) => [`${size}`, 'x'.repeat(size)])));

    expect(rustDigests([dir])).toEqual([await ourDigest(dir)]);
  });

  it(`for 300 random trees (seed ${interfaceSeed})`, async () => {
    const parent = tempFolder();
    const trees = fc.sample(tree, { seed: interfaceSeed, numRuns: 300 });
    const dirs = trees.map((files, index) => writeTree(join(parent, `${index}`), files));

    const theirs = rustDigests(dirs);

    const ours = await Promise.all(dirs.map((dir) => ourDigest(dir)));
    expect(new Set(ours).size).toBeGreaterThan(200);
    expect(dirs.filter((_dir, index) => theirs[index] !== ours[index])).toEqual([]);
  });
});

// Few letters, so that paths meet, one is the beginning of another, and the orders of UTF-8 and UTF-16 differ.
const name = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc.string({
        unit: fc.constantFrom('a', 'B', '.', '-', '0', '~', ' ', 'é', '日', '\uffee', '😀', '𐀀'),
        minLength: 1,
        maxLength: 5,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'target',
        '.git',
        'package.sig',
        'a.sig',
        '.sig',
        'package.toml',
        '__pycache__',
        'vendor',
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }) },
  )
  .filter((text) => text.isWellFormed() && !/[/\\\0]/.test(text) && text !== '.' && text !== '..');

const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

const tree = fc.dictionary(path, fc.uint8Array({ maxLength: 200 }), { maxKeys: 12, noNullPrototype: true });

/** Writes what of a tree can be there at once: no file where a folder stands, and none inside a file. */
function writeTree(dir: string, files: Readonly<Record<string, Uint8Array>>): string {
  mkdirSync(dir);
  for (const [place, content] of Object.entries(files)) {
    const target = join(dir, place);
    const parents = place.split('/').map((_part, depth, all) => join(dir, ...all.slice(0, depth)));
    if (parents.some((parent) => isThere(parent) === 'file') || isThere(target) !== undefined) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  return dir;
}

function isThere(place: string): 'file' | 'folder' | undefined {
  const status = statSync(place, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  return status.isFile() ? 'file' : 'folder';
}

function rustDigests(dirs: readonly string[]): string[] {
  return run(reference.digest, dirs).stdout.trim().split('\n');
}

async function ourDigest(dir: string): Promise<string> {
  return (await digestPackage(dir)).toString('hex');
}
