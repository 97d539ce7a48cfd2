import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { PackageStore, packPackage, SecretKey, signPackage } from '../../../src/packaging.ts';
import { contentsOf } from '../../support/contents.ts';
import { failureOf } from '../../support/failure.ts';
import { noOtherUser, otherUid, runAsOther } from '../../support/other-user.ts';
import { packageOf, pythonManifest } from '../../support/packages.ts';
import { findPythons } from '../../support/pythons.ts';
import { tarEntry, tarOf, writeArchiveFile } from '../../support/tar-builder.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));
const trusting = { trustedKeys: [acme.publicKey], requireSignature: true };
const distrusting = { trustedKeys: [new SecretKey(Buffer.alloc(32, 2)).publicKey], requireSignature: true };
const revoking = {
  trustStore: { keys: [], revoked: new Map([[acme.publicKey.id, 'stolen']]) },
  trustedKeys: [acme.publicKey],
  requireSignature: true,
};
const rootOnly = noOtherUser === undefined ? '' : ` (skipped: ${noOtherUser})`;

describe('a package that is stored already', () => {
  it('still has to be signed where that is required', async () => {
    const dir = packageOf();
    const store = await openStore();
    await store.addFolder(dir);

    expect(await failureOf(() => store.addFolder(dir, trusting))).toMatchObject({ code: 'FIDIUS_SIGNATURE_MISSING' });
  });

  it.each([
    ['another key is trusted', distrusting, 'FIDIUS_SIGNATURE_INVALID'],
    ['its key is revoked', revoking, 'FIDIUS_SIGNATURE_KEY_REVOKED'],
  ])('is judged again each time: %s', async (_why, options, code) => {
    const dir = packageOf();
    await signPackage(dir, { key: acme });
    const archive = await packed(dir);
    const store = await openStore();
    const first = await store.addFolder(dir, trusting);

    expect((await failureOf(() => store.addFolder(dir, options))).code).toBe(code);
    expect((await failureOf(() => store.addArchive(archive, options))).code).toBe(code);
    expect(await store.addFolder(dir, trusting)).toEqual(first);
  });
});

describe('a package without a signature, where one is required', () => {
  it('is refused before anything of it is read or written, however large it is', async () => {
    const dir = packageOf();
    const file = openSync(join(dir, 'huge.bin'), 'w');
    ftruncateSync(file, 40 * 1024 ** 3);
    closeSync(file);
    const store = await openStore();
    const before = lstatSync(join(store.dir, 'content')).ctimeMs;

    const error = await failureOf(() => store.addFolder(dir, trusting));

    expect(error.code).toBe('FIDIUS_SIGNATURE_MISSING');
    expect(lstatSync(join(store.dir, 'content')).ctimeMs).toBe(before);
  });

  it.each([
    ['none', undefined, 'FIDIUS_SIGNATURE_MISSING'],
    ['one of another length', 'short', 'FIDIUS_SIGNATURE_INVALID'],
    ['one of nobody', Buffer.alloc(64), 'FIDIUS_SIGNATURE_INVALID'],
  ])('is refused before anything is written for its archive: %s', async (_what, signature, code) => {
    const dir = packageOf(signature === undefined ? {} : { 'package.sig': signature });
    const archive = join(tempFolder(), 'demo.fid');
    const entries = Object.keys(contentsOf(dir)).map((path) =>
      tarEntry({ path: `demo-1.0.0/${path}`, content: readFileSync(join(dir, path)) }),
    );
    await writeArchiveFile(archive, tarOf(...entries));
    const store = await openStore();
    const before = lstatSync(join(store.dir, 'content')).ctimeMs;

    const error = await failureOf(() => store.addArchive(archive, trusting));

    expect(error.code).toBe(code);
    expect(lstatSync(join(store.dir, 'content')).ctimeMs).toBe(before);
  });

  it.each([
    ['bytes', { maxBytes: 1000 }, 'has more than 1000 bytes'],
    ['files', { maxEntries: 3 }, 'has more than 3 entries'],
  ])('counts against a budget as an archive does: %s', async (_what, limits, _problem) => {
    const dir = packageOf({ a: 'x'.repeat(600), b: 'x'.repeat(600), c: '' });
    const store = await openStore();

    expect(await failureOf(() => store.addFolder(dir, limits))).toMatchObject({ code: 'FIDIUS_PACKAGE_TOO_LARGE' });
    expect(readdirSync(join(store.dir, 'content'))).toEqual([]);
  });
});

describe('the stored folder', () => {
  it('is the same whatever the source adds that no signature covers', async () => {
    const files = { 'demo.py': '', 'lib/tool': '#!' };
    const plain = await (await openStore()).addFolder(packageOf(files));
    const archive = join(tempFolder(), 'demo.fid');
    const entry = (path: string, more: object = {}) => tarEntry({ path: `demo-1.0.0/${path}`, ...more });
    await writeArchiveFile(
      archive,
      tarOf(
        entry('', { type: '5', mode: 0o777 }),
        entry('numpy/', { type: '5' }),
        entry('lib/empty/', { type: '5', mode: 0 }),
        entry('package.toml', { content: pythonManifest(), mode: 0o755 }),
        entry('lib/tool', { content: '#!', mode: 0o4777 }),
        entry('demo.py', { mode: 0o600 }),
        entry('lib/target/evil.py'),
        entry('x.sig'),
        entry('package.files.sig', { content: 'x' }),
      ),
    );

    const stored = await (await openStore()).addArchive(archive);

    expect(stored.digest).toEqual(plain.digest);
    expect(describeTree(stored.dir)).toEqual(describeTree(plain.dir));
    expect(stored.excluded.toSorted()).toEqual(['lib/target/', 'x.sig']);
  });

  it.each<[string, (dir: string) => void]>([
    ['an empty folder', (dir) => mkdirSync(join(dir, 'numpy'), { mode: 0o555 })],
    ['an empty folder in another one', (dir) => mkdirSync(join(dir, 'lib/numpy'), { mode: 0o555 })],
    ['another mode of a file', (dir) => chmodSync(join(dir, 'demo.py'), 0o644)],
    ['another mode of a folder', (dir) => chmodSync(join(dir, 'lib'), 0o755)],
    ['another mode of the folder itself', (dir) => chmodSync(dir, 0o775)],
    [
      'a link in place of a file',
      (dir) => {
        renameSync(join(dir, 'demo.py'), join(dirname(dir), 'moved.py'));
        symlinkSync('../moved.py', join(dir, 'demo.py'));
      },
    ],
    ['a signature', (dir) => writeFileSync(join(dir, 'package.sig'), '', { mode: 0o555 })],
    [
      'a folder that no digest covers',
      (dir) => {
        mkdirSync(join(dir, 'target'));
        writeFileSync(join(dir, 'target/evil.py'), '', { mode: 0o555 });
        chmodSync(join(dir, 'target'), 0o555);
      },
    ],
  ])('is made again when it has %s, without being emptied under a host', async (what, tamper) => {
    const dir = packageOf({ 'demo.py': 'x = 1', 'lib/a.py': '' });
    const store = await openStore();
    const stored = await store.addFolder(dir);
    const before = describeTree(stored.dir);
    chmodSync(stored.dir, 0o755);
    chmodSync(join(stored.dir, 'lib'), 0o755);
    tamper(stored.dir);
    // Nothing but what is tested tells it from the stored form: also the modes are as before.
    if (!what.startsWith('another mode of the folder')) chmodSync(stored.dir, 0o555);
    if (!what.startsWith('another mode of a folder')) chmodSync(join(stored.dir, 'lib'), 0o555);
    // A host has a file open, as Python does with a library.
    const file = openSync(join(stored.dir, 'lib/a.py'), 'r');

    const again = await store.addFolder(dir);
    closeSync(file);

    expect(again.dir).toBe(stored.dir);
    expect(describeTree(again.dir)).toEqual(before);
  });

  it.each<[string, (path: string) => void]>([
    [
      'same size and times',
      (path) => {
        const { atimeNs, mtimeNs } = statSync(path, { bigint: true });
        chmodSync(path, 0o644);
        writeFileSync(path, 'x = 9');
        chmodSync(path, 0o555);
        setTimes(path, atimeNs, mtimeNs);
        expect(statSync(path, { bigint: true }).mtimeNs).toBe(mtimeNs);
      },
    ],
    [
      'another file, same size and times',
      (path) => {
        const { atimeNs, mtimeNs } = statSync(path, { bigint: true });
        chmodSync(dirname(path), 0o755);
        writeFileSync(`${path}.new`, 'x = 9', { mode: 0o555 });
        setTimes(`${path}.new`, atimeNs, mtimeNs);
        renameSync(`${path}.new`, path);
      },
    ],
  ])('is not run when a module in it was overwritten: %s', async (_what, overwrite) => {
    const dir = packageOf({ 'demo.py': 'x = 1' });
    const store = await openStore();
    const stored = await store.addFolder(dir);
    overwrite(join(stored.dir, 'demo.py'));

    const again = await store.addFolder(dir);

    expect(readFileSync(join(again.dir, 'demo.py'), 'utf8')).toBe('x = 1');
  });

  it('is replaced when a file lies in its place', async () => {
    const dir = packageOf();
    const store = await openStore();
    const stored = await store.addFolder(dir);
    chmodSync(stored.dir, 0o755);
    rmSync(stored.dir, { recursive: true });
    writeFileSync(stored.dir, 'not a folder');

    expect(contentsOf((await store.addFolder(dir)).dir)).toEqual(contentsOf(dir));
  });
});

describe('an archive that the store remembers', () => {
  it('still has to be signed where that is required', async () => {
    const archive = await packed(packageOf());
    await atRest(archive);
    const store = await openStore();
    await store.addArchive(archive);

    const error = await failureOf(() => store.addArchive(archive, trusting));

    expect(readdirSync(join(store.dir, 'archives'))).toHaveLength(1);
    expect(error.code).toBe('FIDIUS_SIGNATURE_MISSING');
  });

  it('is not mixed up with another one, nor with one that takes its place', async () => {
    const [first, second] = [await packed(packageOf({ a: '1' })), await packed(packageOf({ b: '2' }))];
    const third = await packed(packageOf({ c: '3' }));
    await atRest(first, second, third);
    const store = await openStore();
    const stored = [await store.addArchive(first), await store.addArchive(second)];

    const again = [await store.addArchive(first), await store.addArchive(second)];
    renameSync(third, first);
    await atRest(first);
    const replaced = await store.addArchive(first);

    expect(readdirSync(join(store.dir, 'archives'))).toHaveLength(3);
    expect(again).toEqual(stored);
    expect(Object.keys(contentsOf(replaced.dir))).toContain('c');
  });

  it('is read again when it was overwritten with the same size and the same times', async () => {
    const archive = join(tempFolder(), 'demo.fid');
    const write = (content: string) =>
      writeArchiveFile(archive, tarOf(manifestEntry, tarEntry({ path: 'demo-1.0.0/demo.py', content })));
    await write('x = 1');
    await atRest(archive);
    const store = await openStore();
    await store.addArchive(archive);
    const { atimeNs, mtimeNs, size } = statSync(archive, { bigint: true });

    await write('x = 2');
    setTimes(archive, atimeNs, mtimeNs);
    await atRest(archive);

    expect(statSync(archive, { bigint: true })).toMatchObject({ mtimeNs, size });
    expect(readFileSync(join((await store.addArchive(archive)).dir, 'demo.py'), 'utf8')).toBe('x = 2');
  });

  it('is not remembered as what it was when it is replaced while it is read', async () => {
    const archive = await packed(packageOf({ a: '1' }));
    const other = await packed(packageOf({ b: '2' }));
    await atRest(archive, other);
    const store = await openStore();
    await store.addArchive(archive, { onProgress: () => existsSync(other) && renameSync(other, archive) });

    expect(existsSync(join(store.dir, 'archives'))).toBe(false);
    await atRest(archive);

    expect(Object.keys(contentsOf((await store.addArchive(archive)).dir))).toContain('b');
  });

  it.each(['../../elsewhere', '/etc', '.', 'demo-1.0.0', 'x/../../y'])(
    'leads nowhere when the record names %s in place of a stored package',
    async (name) => {
      const archive = await packed(packageOf());
      await atRest(archive);
      const store = await openStore();
      const stored = await store.addArchive(archive);
      const [file = ''] = readdirSync(join(store.dir, 'archives'));
      const path = join(store.dir, 'archives', file);
      const record = JSON.parse(readFileSync(path, 'utf8')) as { digest: string };
      writeFileSync(path, JSON.stringify({ ...record, name: name.includes('/') ? `${name}-${record.digest}` : name }));

      expect((await store.addArchive(archive)).dir).toBe(stored.dir);
    },
  );
});

describe(`a store that others could write to${rootOnly}`, () => {
  it.each([0o770, 0o720, 0o702, 0o722])('is refused: mode %o', async (mode) => {
    const dir = tempFolder();
    const opened = await PackageStore.open(join(dir, 'packages'));
    chmodSync(opened.dir, mode);

    expect(await failureOf(() => PackageStore.open(opened.dir))).toMatchObject({ code: 'FIDIUS_STORE_UNSAFE' });
    // Also when it changes after it was opened.
    expect(await failureOf(() => opened.addFolder(packageOf()))).toMatchObject({ code: 'FIDIUS_STORE_UNSAFE' });
    expect(await failureOf(() => opened.remove('x'))).toMatchObject({ code: 'FIDIUS_STORE_UNSAFE' });
  });

  it('is refused when a folder around it is open to others, and nothing is made there', async () => {
    const dir = tempFolder();
    mkdirSync(join(dir, 'shared/mine'), { recursive: true });
    chmodSync(join(dir, 'shared'), 0o777);

    const error = await failureOf(() => PackageStore.open(join(dir, 'shared/mine/packages')));

    expect(error.code).toBe('FIDIUS_STORE_UNSAFE');
    expect(error.message).toBe(
      `Cannot use the package store ${dir}/shared/mine/packages: ${dir}/shared: other users may write to it (mode 777)`,
    );
    expect(readdirSync(join(dir, 'shared/mine'))).toEqual([]);
  });

  it('is refused when a link of this user leads below a folder that is open to others', async () => {
    const dir = tempFolder();
    mkdirSync(join(dir, 'shared/mine'), { recursive: true });
    chmodSync(join(dir, 'shared'), 0o777);
    symlinkSync('shared/mine', join(dir, 'link'));

    const error = await failureOf(() => PackageStore.open(join(dir, 'link/packages')));

    expect(error.code).toBe('FIDIUS_STORE_UNSAFE');
    expect(error.message).toContain(`: ${dir}/shared: other users may write to it (mode 777)`);
    expect(readdirSync(join(dir, 'shared/mine'))).toEqual([]);
  });

  it.runIf(noOtherUser === undefined)(
    'is refused when it belongs to another user, or is a link of theirs',
    async () => {
      const dir = tempFolder();
      chmodSync(dir, 0o1777);
      mkdirSync(join(dir, 'theirs'), { mode: 0o755 });
      chownSync(join(dir, 'theirs'), otherUid, otherUid);
      mkdirSync(join(dir, 'mine'), { mode: 0o700 });
      runAsOther(`fs.symlinkSync('mine', 'link')`, dir);

      const errors = [
        await failureOf(() => PackageStore.open(join(dir, 'theirs'))),
        await failureOf(() => PackageStore.open(join(dir, 'theirs/packages'))),
        await failureOf(() => PackageStore.open(join(dir, 'link'))),
      ];

      expect(errors.map(({ code }) => code)).toEqual(Array(3).fill('FIDIUS_STORE_UNSAFE'));
      expect(errors.map(({ message }) => message.includes('belongs to another user'))).toEqual([true, true, true]);
      expect(readdirSync(join(dir, 'theirs'))).toEqual([]);
    },
  );

  it('has fixed modes, independent of the umask', async () => {
    const umask = process.umask(0);
    try {
      const store = await openStore();
      const archive = await packed(packageOf({ 'a/b': '' }));
      await atRest(archive);
      const { dir } = await store.addArchive(archive);
      const folders = [store.dir, join(store.dir, 'content'), join(store.dir, 'archives')];
      const modes = [...folders, dir, join(dir, 'a'), join(dir, 'a/b')];
      expect(modes.map((path) => (statSync(path).mode & 0o777).toString(8))).toEqual([
        '700',
        '700',
        '700',
        '555',
        '555',
        '555',
      ]);
    } finally {
      process.umask(umask);
    }
  });
});

describe('a source that changes while it is stored', () => {
  it('is refused: what was verified is what is stored', async () => {
    const dir = packageOf({ 'large.bin': Buffer.alloc(50_000_000), 'z.py': 'x = 1' });
    await signPackage(dir, { key: acme });
    const store = await openStore();
    // Without memory for the package, it is read again.
    const memory = vi.spyOn(process, 'availableMemory').mockReturnValue(0);
    onTestFinished(() => memory.mockRestore());
    // Written to as soon as the copy begins, which is after the verification.
    const timer = setInterval(() => {
      if (readdirSync(join(store.dir, 'content')).length > 0) appendFileSync(join(dir, 'z.py'), '\nevil()');
    }, 0);
    onTestFinished(() => clearInterval(timer));

    const error = await failureOf(() => store.addFolder(dir, trusting));

    expect(error.code).toBe('FIDIUS_PACKAGE_CHANGED');
    expect(await store.list()).toEqual([]);
  });
});

describe('an archive that is exchanged once it is verified', () => {
  it('is not read: what was verified is what is stored', async () => {
    const dir = packageOf();
    await signPackage(dir, { key: acme });
    const archive = await packed(dir);
    const evil = await packed(packageOf({ 'demo.py': 'evil()' }));
    const store = await openStore();
    // Both readings use the descriptor of the genuine archive.
    const onProgress = () => existsSync(evil) && renameSync(evil, archive);

    const stored = await store.addArchive(archive, { ...trusting, onProgress });

    expect(existsSync(evil)).toBe(false);
    expect(readFileSync(join(stored.dir, 'demo.py'))).toEqual(readFileSync(join(dir, 'demo.py')));
    // Nor is the exchanged archive taken for the stored one later.
    expect((await failureOf(() => store.addArchive(archive, trusting))).code).toBe('FIDIUS_SIGNATURE_MISSING');
  });
});

const manifestEntry = tarEntry({ path: 'demo-1.0.0/package.toml', content: pythonManifest() });
const [python] = findPythons();

async function openStore(): Promise<PackageStore> {
  return PackageStore.open(join(tempFolder(), 'store'));
}

async function packed(dir: string): Promise<string> {
  return (await packPackage(dir, { output: join(tempFolder(), 'demo.fid') })).archive;
}

/** Resolves once the files can be known by their times. */
async function atRest(...paths: readonly string[]): Promise<void> {
  const youngest = () => Math.max(...paths.map((path) => statSync(path).ctimeMs));
  // The times of a file are those of the kernel, which no clock of a test can replace.
  await expect.poll(() => Date.now() - youngest(), { timeout: 10_000 }).toBeGreaterThan(2000);
}

/** Sets times to the nanosecond, which Node cannot. */
function setTimes(path: string, atimeNs: bigint, mtimeNs: bigint): void {
  const code = 'import os, sys; os.utime(sys.argv[1], ns=(int(sys.argv[2]), int(sys.argv[3])))';
  execFileSync(python?.executable ?? 'python3', ['-c', code, path, String(atimeNs), String(mtimeNs)]);
}

/** Every file and folder, with its kind, mode and content. */
function describeTree(dir: string): readonly string[] {
  const paths = ['', ...readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()];
  return paths.map((path) => {
    const status = lstatSync(join(dir, path));
    return `${path} ${status.mode.toString(8)} ${status.isFile() ? readFileSync(join(dir, path), 'utf8') : ''}`;
  });
}
