import {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestPackage, PackageStore, packPackage, SecretKey, signPackage } from '../../../src/packaging.ts';
import { contentsOf } from '../../support/contents.ts';
import { failureOf } from '../../support/failure.ts';
import { fill, packageOf, pythonManifest } from '../../support/packages.ts';
import { tarEntry, tarOf, writeArchiveFile } from '../../support/tar-builder.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));
const trusting = { trustedKeys: [acme.publicKey], requireSignature: true };

describe('PackageStore', () => {
  it('stores a folder under its content, read-only, with its manifest', async () => {
    const dir = packageOf({ 'demo.py': 'x = 1', 'lib/tool': '#!' });
    chmodSync(join(dir, 'lib/tool'), 0o755);
    const store = await openStore();

    const stored = await store.addFolder(dir);

    expect(stored.digest).toEqual(await digestPackage(dir));
    expect(stored.dir).toBe(join(store.dir, 'content', `demo-1.0.0-${stored.digest.toString('hex')}`));
    expect(stored.manifest).toMatchObject({ name: 'demo', runtime: 'python' });
    expect(stored.signedBy).toBeUndefined();
    expect(contentsOf(stored.dir)).toEqual(contentsOf(dir));
    const modes = ['', 'demo.py', 'lib', 'lib/tool'].map((path) => statSync(join(stored.dir, path)).mode & 0o777);
    expect(modes).toEqual([0o555, 0o555, 0o555, 0o555]);
  });

  it('stores an archive under the same name as the folder it was made from', async () => {
    const dir = packageOf();
    const store = await openStore();

    const fromArchive = await store.addArchive(await packed(dir));
    const fromFolder = await store.addFolder(dir);

    expect(fromArchive.dir).toBe(fromFolder.dir);
    expect(await store.list()).toHaveLength(1);
  });

  it('verifies before it stores, and stores only what the signature covers', async () => {
    const dir = packageOf();
    await signPackage(dir, { key: acme });
    const store = await openStore();

    const stored = await store.addFolder(dir, trusting);

    expect(stored.signedBy?.key.id).toBe(acme.publicKey.id);
    expect(readdirSync(stored.dir).sort()).toEqual(['demo.py', 'package.toml']);
  });

  it.each(['folder', 'archive'] as const)(
    'refuses an unsigned %s where a signature is required, and stores nothing',
    async (kind) => {
      const store = await openStore();
      const dir = packageOf();

      const error = await failureOf(async () =>
        kind === 'folder' ? store.addFolder(dir, trusting) : store.addArchive(await packed(dir), trusting),
      );

      expect(error.code).toBe('FIDIUS_SIGNATURE_MISSING');
      expect(await store.list()).toEqual([]);
      expect(readdirSync(join(store.dir, 'content'))).toEqual([]);
    },
  );

  it('refuses a folder that was changed after it was signed, although the store has the signed one', async () => {
    const dir = packageOf();
    await signPackage(dir, { key: acme });
    const store = await openStore();
    await store.addFolder(dir, trusting);
    appendFileSync(join(dir, 'demo.py'), 'evil()');

    const error = await failureOf(() => store.addFolder(dir, trusting));

    expect(error.code).toBe('FIDIUS_SIGNATURE_INVALID');
    expect(error.message).toContain(`Cannot trust package ${dir}`);
    expect(error.message).toContain('demo.py was changed');
  });

  it('names what was changed in an archive after it was signed, and nothing else', async () => {
    const dir = packageOf({ 'demo.py': 'x = 1', 'sub/target/left-out.py': '' });
    await signPackage(dir, { key: acme });
    writeFileSync(join(dir, 'demo.py'), 'evil()');
    const archive = join(tempFolder(), 'demo.fid');
    const entries = Object.keys(contentsOf(dir)).map((path) =>
      tarEntry({ path: `demo-1.0.0/${path}`, content: readFileSync(join(dir, path)) }),
    );
    await writeArchiveFile(archive, tarOf(tarEntry({ path: 'demo-1.0.0/sub/', type: '5' }), ...entries));

    const error = await failureOf(async () => (await openStore()).addArchive(archive, trusting));

    expect(error).toMatchObject({
      code: 'FIDIUS_SIGNATURE_INVALID',
      differences: [{ path: 'demo.py', kind: 'changed' }],
    });
  });

  it('does not follow changes of the source: what was stored stays', async () => {
    const dir = packageOf();
    const store = await openStore();
    const stored = await store.addFolder(dir);

    writeFileSync(join(dir, 'demo.py'), 'x = 2');
    const changed = await store.addFolder(dir);

    expect(readFileSync(join(stored.dir, 'demo.py'), 'utf8')).toBe('x = 1\n');
    expect(readFileSync(join(changed.dir, 'demo.py'), 'utf8')).toBe('x = 2');
    expect(await store.list()).toHaveLength(2);
  });

  it.each(['folder', 'archive'] as const)('leaves out of a %s what no signature covers, and says so', async (kind) => {
    const dir = packageOf({
      'demo.py': '',
      'lib/target/evil.py': '',
      'lib/x.sig': '',
      'package.sig': 'x',
      'y.sig': '',
    });
    const store = await openStore();
    // Packing leaves folders called target out itself; another tool may not.
    const archive = join(tempFolder(), 'demo.fid');
    await writeArchiveFile(
      archive,
      tarOf(
        ...Object.entries(contentsOf(dir)).map(([path, content]) => tarEntry({ path: `demo-1.0.0/${path}`, content })),
      ),
    );

    const stored = kind === 'folder' ? await store.addFolder(dir) : await store.addArchive(archive);

    expect(Object.keys(contentsOf(stored.dir))).toEqual(['demo.py', 'package.toml']);
    expect(stored.excluded.toSorted()).toEqual(['lib/target/', 'lib/x.sig', 'y.sig']);
  });

  it('does not unpack an archive again that it knows', async () => {
    const archive = await packed(packageOf(), acme);
    // Only a file that has been at rest for a while can be known by its time.
    await expect.poll(() => Date.now() - statSync(archive).ctimeMs, { timeout: 10_000 }).toBeGreaterThan(2000);
    const store = await openStore();
    const progress: number[] = [];
    const options = { ...trusting, onProgress: () => progress.push(1) };

    const first = await store.addArchive(archive, options);
    const calls = progress.length;
    const second = await store.addArchive(archive, options);

    expect(calls).toBeGreaterThan(0);
    expect(progress).toHaveLength(calls);
    expect(second).toEqual(first);
    const distrusting = { trustedKeys: [SecretKey.generate().publicKey], requireSignature: true };
    expect(await failureOf(() => store.addArchive(archive, distrusting))).toMatchObject({
      code: 'FIDIUS_SIGNATURE_INVALID',
    });
  });

  it('notices an archive that was exchanged, whatever its times say', async () => {
    const archive = await packed(packageOf());
    const store = await openStore();
    await store.addArchive(archive);
    const { atime, mtime } = statSync(archive);

    renameSync(await packed(packageOf({ 'other.py': '' })), archive);
    utimesSync(archive, atime, mtime);

    expect(Object.keys(contentsOf((await store.addArchive(archive)).dir))).toContain('other.py');
  });

  it.each([
    ['changed', (dir: string) => writeOver(join(dir, 'demo.py'), 'evil()')],
    ['added', (dir: string) => writeOver(join(dir, 'new.py'), 'evil()')],
    ['hidden where no digest looks', (dir: string) => fill(dir, { 'target/evil.py': '' })],
  ])('stores a package again when something was %s in the store', async (_what, tamper) => {
    const dir = packageOf();
    const store = await openStore();
    const stored = await store.addFolder(dir);

    chmodSync(stored.dir, 0o755);
    tamper(stored.dir);
    const again = await store.addFolder(dir);

    expect(again.dir).toBe(stored.dir);
    expect(contentsOf(again.dir)).toEqual(contentsOf(dir));
  });

  it('takes a store that was copied, after it has read it once', async () => {
    const dir = packageOf();
    const store = await openStore();
    const stored = await store.addFolder(dir);
    const later = new Date(Date.now() + 5000);
    utimesSync(join(stored.dir, 'demo.py'), later, later);

    expect((await store.addFolder(dir)).dir).toBe(stored.dir);
    expect(statSync(join(stored.dir, 'demo.py')).mtimeMs).toBeCloseTo(later.getTime(), -2);
  });

  it('is filled by several at once', async () => {
    const dir = packageOf();
    const store = await openStore();

    const all = await Promise.all(Array.from({ length: 6 }, () => store.addFolder(dir)));

    expect(new Set(all.map((stored) => stored.dir)).size).toBe(1);
    expect(await store.list()).toHaveLength(1);
    expect(readdirSync(join(store.dir, 'content')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('removes what it stored', async () => {
    const store = await openStore();
    await store.addFolder(packageOf({ 'a/b': '' }));
    const [name = ''] = await store.list();

    await store.remove(name);

    expect(readdirSync(join(store.dir, 'content'))).toEqual([]);
  });

  it.each(['../../precious', '../archives', '.', '', 'demo-1.0.0'])('removes nothing else: %s', async (name) => {
    const store = await openStore();
    await store.addFolder(packageOf());
    fill(store.dir, { '../precious/file': '', 'archives/file': '', 'content/demo-1.0.0.fingerprint': '' });
    const before = contentsOf(join(store.dir, '..'));

    await store.remove(name);

    expect(contentsOf(join(store.dir, '..'))).toEqual(before);
  });

  it('chooses a folder name for packages whose name cannot be part of a path', async () => {
    const dir = packageOf({ 'package.toml': pythonManifest('../../escape') });
    const store = await openStore();

    const stored = await store.addFolder(dir);

    expect(stored.dir).toBe(join(store.dir, 'content', `package-${stored.digest.toString('hex')}`));
  });

  it('refuses a folder that other users may write to', async () => {
    const dir = tempFolder();
    chmodSync(dir, 0o777);

    const error = await failureOf(() => PackageStore.open(dir));

    expect(error.code).toBe('FIDIUS_STORE_UNSAFE');
    expect(error.message).toBe(`Cannot use the package store ${dir}: other users may write to it (mode 777)`);
  });

  it('says when it cannot be created', async () => {
    const error = await failureOf(() => PackageStore.open('/dev/null/store'));

    expect(error.code).toBe('FIDIUS_STORE_UNWRITABLE');
    expect(error.message).toContain('Cannot use the package store /dev/null/store');
  });

  it('leaves nothing behind when it is aborted', async () => {
    const store = await openStore();
    const signal = AbortSignal.abort(new Error('enough'));

    await expect(store.addFolder(packageOf(), { signal })).rejects.toThrow('enough');

    expect(readdirSync(join(store.dir, 'content'))).toEqual([]);
  });
});

async function openStore(): Promise<PackageStore> {
  return PackageStore.open(join(tempFolder(), 'store'));
}

async function packed(dir: string, key?: SecretKey): Promise<string> {
  return (await packPackage(dir, { output: join(tempFolder(), 'demo.fid'), ...(key && { key }) })).archive;
}

function writeOver(path: string, content: string): void {
  writeFileSync(path, '', { flag: 'a' });
  chmodSync(path, 0o644);
  writeFileSync(path, content);
}
