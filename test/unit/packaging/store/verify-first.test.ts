import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FidiusError } from '../../../../src/errors/fidius-error.ts';
import { OpenArchive } from '../../../../src/packaging/archive/read-archive.ts';
import { digestPackage } from '../../../../src/packaging/digest/package-digest.ts';
import { PublicKey, SecretKey } from '../../../../src/packaging/signing/keys.ts';
import { signPackage } from '../../../../src/packaging/signing/sign-package.ts';
import { ArchiveSnapshot, maxMemoryBytes } from '../../../../src/packaging/store/archive-snapshot.ts';
import { PackageStore } from '../../../../src/packaging/store/package-store.ts';
import { contentsOf } from '../../../support/contents.ts';
import { failureOf } from '../../../support/failure.ts';
import { packageOf, pythonManifest } from '../../../support/packages.ts';
import { tarEntry, tarOf, writeArchiveFile } from '../../../support/tar-builder.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));
const trusting = { trustedKeys: [acme.publicKey], requireSignature: true, maxRatio: 0 };
const distrusting = { ...trusting, trustedKeys: [new SecretKey(Buffer.alloc(32, 2)).publicKey] };

const small = { 'a.py': 'a = 1\n', 'b/c.py': 'c = 1\n', 'demo.py': 'x = 1\n' };
/** Together more than memory holds: a group of files, a file that needs a group of its own, and small files. */
const large = {
  ...small,
  'b/half.bin': Buffer.alloc(maxMemoryBytes / 2, 1),
  'b/other-half.bin': Buffer.alloc(maxMemoryBytes / 2, 2),
  'c/whole.bin': Buffer.alloc(maxMemoryBytes + 1, 3),
};

describe.each([
  ['that memory can hold', small],
  ['that memory cannot hold', large],
])('an archive %s, whose files are not in the order of the digest', (_size, files) => {
  // Contents of archives: their folders are removed after each test.
  const archives: Record<'changed' | 'genuine' | 'unsigned', Buffer> = {
    changed: Buffer.alloc(0),
    genuine: Buffer.alloc(0),
    unsigned: Buffer.alloc(0),
  };
  withoutMemory();
  beforeAll(async () => {
    const dir = await signed(files);
    archives.genuine = await unsorted(dir);
    writeFileSync(join(dir, 'a.py'), 'evil()');
    archives.changed = await unsorted(dir);
    unlinkSync(join(dir, 'package.sig'));
    archives.unsigned = await unsorted(dir);
  });

  it('is stored like the folder with the same files', async () => {
    const required = { requireSignature: true, trustedKeys: [acme.publicKey] };
    const fromFolder = await (await openStore()).addFolder(await signed(files), required);

    const stored = await (await openStore()).addArchive(fileOf(archives.genuine), trusting);

    expect(stored.digest).toEqual(fromFolder.digest);
    expect(stored.signedBy?.key.id).toBe(acme.publicKey.id);
    const paths = (dir: string) => new Set(readdirSync(dir, { recursive: true, encoding: 'utf8' }));
    expect(paths(stored.dir)).toEqual(paths(fromFolder.dir));
    expect(await digestPackage(stored.dir)).toEqual(stored.digest);
  });

  it.each([
    ['it is not signed', 'unsigned', trusting, 'FIDIUS_SIGNATURE_MISSING'],
    ['no trusted key signed it', 'genuine', distrusting, 'FIDIUS_SIGNATURE_INVALID'],
    ['a file was changed after it was signed', 'changed', trusting, 'FIDIUS_SIGNATURE_INVALID'],
  ] as const)('is rejected without writing anything when %s', async (_why, which, options, code) => {
    const archive = fileOf(archives[which]);
    const error = await errorWithoutWriting((store) => store.addArchive(archive, options));

    expect(error.code).toBe(code);
  });
});

/** The system has no memory to spare: only small packages are kept in it. */
function withoutMemory(): void {
  beforeEach(() => {
    const memory = vi.spyOn(process, 'availableMemory').mockReturnValue(0);
    return () => memory.mockRestore();
  });
}

describe('an archive that memory cannot hold', () => {
  withoutMemory();
  const archives = {
    genuine: Buffer.alloc(0),
    evil: Buffer.alloc(0),
    unsortedGenuine: Buffer.alloc(0),
    unsortedEvil: Buffer.alloc(0),
  };
  beforeAll(async () => {
    const genuine = await signed(large);
    const evil = packageOf({ ...large, 'a.py': 'evil()' });
    cpSync(join(genuine, 'package.sig'), join(evil, 'package.sig'));
    Object.assign(archives, {
      genuine: await sorted(genuine),
      evil: await sorted(evil),
      unsortedGenuine: await unsorted(genuine),
      unsortedEvil: await unsorted(evil),
    });
  });

  it('is rejected without writing anything when it is overwritten between the readings', async () => {
    const archive = fileOf(archives.genuine);
    const trustedKeys = [new InterruptedKey(acme, () => writeFileSync(archive, archives.evil))];

    const error = await errorWithoutWriting((store) => store.addArchive(archive, { ...trusting, trustedKeys }));

    expect(error.code).toBe('FIDIUS_PACKAGE_CHANGED');
  });

  it('is read from the file that was verified when its path leads to another file between the readings', async () => {
    const link = join(tempFolder(), 'link.fid');
    symlinkSync(fileOf(archives.genuine), link);
    const other = fileOf(archives.evil);
    const trustedKeys = [
      new InterruptedKey(acme, () => {
        unlinkSync(link);
        symlinkSync(other, link);
      }),
    ];

    const stored = await (await openStore()).addArchive(link, { ...trusting, trustedKeys });

    expect(readFileSync(join(stored.dir, 'a.py'), 'utf8')).toBe('a = 1\n');
    expect(await digestPackage(stored.dir)).toEqual(stored.digest);
  });

  describe('and is overwritten while it is read again', () => {
    const files = { 'b.bin': Buffer.alloc(maxMemoryBytes + 1), 'c.bin': randomBytes(3_500_000) };
    const parts: Record<'head' | 'tail', Buffer> = { head: Buffer.alloc(0), tail: Buffer.alloc(0) };
    beforeAll(async () => {
      const dir = await signed({ ...files, 'y.py': 'y = 1\n' });
      // Two streams of bzip2, so that one can be exchanged. The first is longer than what is read ahead.
      parts.head = await compressed(entriesOf(dir, ['package.toml', 'package.sig', 'b.bin', 'c.bin']));
      parts.tail = await compressed(tarOf(entry('y.py', 'y = 1\n')));
    });

    it.each([
      ['a file has another content', tarOf(entry('y.py', 'evil()'))],
      ['a file has another length', tarOf(entry('y.py', 'y = 10\n'))],
      ['a file is missing', tarOf()],
      ['a file has another name', tarOf(entry('z.py', 'y = 1\n'))],
      ['a file was added', tarOf(entry('y.py', 'y = 1\n'), entry('z.py', ''))],
    ])('is not stored: %s', async (_what, tail) => {
      const archive = join(tempFolder(), 'demo.fid');
      writeFileSync(archive, Buffer.concat([parts.head, parts.tail]));
      const changed = await compressed(tail);
      let isVerified = false;
      const trustedKeys = [new InterruptedKey(acme, () => (isVerified = true))];
      const store = await openStore();
      const onProgress = () => {
        if (!isVerified) return;
        isVerified = false;
        truncateSync(archive, parts.head.length);
        appendFileSync(archive, changed);
      };

      const error = await failureOf(() => store.addArchive(archive, { ...trusting, trustedKeys, onProgress }));

      expect(error.code).toBe('FIDIUS_PACKAGE_CHANGED');
      expect(readdirSync(join(store.dir, 'content'))).toEqual([]);
    });
  });

  it('has no digest when its files change before they are read in the order of the digest', async () => {
    const archive = fileOf(archives.unsortedEvil);
    const opened = OpenArchive.open(archive);
    try {
      const read = () => ArchiveSnapshot.read(opened, trusting, () => writeFileSync(archive, archives.unsortedGenuine));
      expect((await failureOf(read)).code).toBe('FIDIUS_PACKAGE_CHANGED');
    } finally {
      opened.close();
    }
  });
});

describe('a package that memory can hold', () => {
  it('is read once if memory has room for it, although it is large', async () => {
    const dir = await signed(large);
    const archive = fileOf(await sorted(dir));
    const trustedKeys = [new InterruptedKey(acme, () => writeFileSync(archive, 'not an archive'))];

    const stored = await (await openStore()).addArchive(archive, { ...trusting, trustedKeys });

    expect(await digestPackage(stored.dir)).toEqual(stored.digest);
  });

  it('is stored as it was verified when its archive is overwritten in the meantime', async () => {
    const dir = await signed(small);
    const archive = fileOf(await sorted(dir));
    const trustedKeys = [new InterruptedKey(acme, () => writeFileSync(archive, 'not an archive'))];

    const stored = await (await openStore()).addArchive(archive, { ...trusting, trustedKeys });

    expect(contentsOf(stored.dir)).toEqual({ ...small, 'package.toml': pythonManifest() });
  });

  it('is stored as it was verified when its folder is changed in the meantime', async () => {
    const dir = await signed(small);
    const trustedKeys = [new InterruptedKey(acme, () => writeFileSync(join(dir, 'demo.py'), 'evil()'))];

    const stored = await (await openStore()).addFolder(dir, { requireSignature: true, trustedKeys });

    expect(contentsOf(stored.dir)).toEqual({ ...small, 'package.toml': pythonManifest() });
    expect(await digestPackage(stored.dir)).toEqual(stored.digest);
  });
});

describe('a folder, signed or not, that is beyond the limits', () => {
  it.each([
    ['folders', { maxEntries: 20 }, 'has more than 20 entries', ['a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v']],
    ['depth', {}, 'has more than 100 levels of folders', [Array(101).fill('d').join('/')]],
    ['empty folders', { maxEntries: 5 }, 'has more than 5 entries', ['a', 'b', 'c', 'd', 'e', 'f']],
  ])('is rejected without writing anything: %s', async (_what, limits, message, folders) => {
    const dir = packageOf();
    for (const folder of folders) mkdirSync(join(dir, folder), { recursive: true });
    const error = await errorWithoutWriting((store) => store.addFolder(dir, limits));

    expect(error.code).toBe('FIDIUS_PACKAGE_TOO_LARGE');
    expect(error.message).toContain(message);
  });
});

/** A trusted key that lets something happen when a signature is verified: between the readings of a package. */
class InterruptedKey extends PublicKey {
  readonly #interrupt: () => unknown;

  constructor(key: SecretKey, interrupt: () => unknown) {
    super(key.publicKey.bytes);
    this.#interrupt = interrupt;
  }

  override verifies(message: Uint8Array, signature: Uint8Array): boolean {
    this.#interrupt();
    return super.verifies(message, signature);
  }
}

async function openStore(): Promise<PackageStore> {
  return PackageStore.open(join(tempFolder(), 'store'));
}

/** The error of an attempt to store a package, after a check that the attempt made and removed nothing in the store. */
async function errorWithoutWriting(attempt: (store: PackageStore) => Promise<unknown>): Promise<FidiusError> {
  const store = await openStore();
  const state = () =>
    [store.dir, ...readdirSync(store.dir).map((name) => join(store.dir, name))].map((path) => {
      const { ctimeNs, mtimeNs } = lstatSync(path, { bigint: true });
      return [path, ctimeNs, mtimeNs];
    });
  const before = state();
  const error = await failureOf(() => attempt(store));
  expect(state()).toEqual(before);
  return error;
}

async function signed(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const dir = packageOf(files);
  await signPackage(dir, { key: acme });
  return dir;
}

async function sorted(dir: string): Promise<Buffer> {
  return archiveOf(dir, filesOf(dir));
}

function fileOf(archive: Buffer): string {
  const path = join(tempFolder(), 'demo.fid');
  writeFileSync(path, archive);
  return path;
}

/** Neither in order nor in the reverse order, with the signature in the middle. */
async function unsorted(dir: string): Promise<Buffer> {
  const paths = filesOf(dir);
  return archiveOf(dir, [...paths.slice(2).reverse(), ...paths.slice(0, 2)]);
}

async function archiveOf(dir: string, paths: readonly string[]): Promise<Buffer> {
  return compressed(Buffer.concat([entriesOf(dir, paths), tarOf()]));
}

function filesOf(dir: string): readonly string[] {
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => statSync(join(dir, path)).isFile()).sort();
}

function entriesOf(dir: string, paths: readonly string[]): Buffer {
  return Buffer.concat(paths.map((path) => entry(path, readFileSync(join(dir, path)))));
}

function entry(path: string, content: string | Uint8Array): Buffer {
  return tarEntry({ path: `demo-1.0.0/${path}`, content });
}

async function compressed(tar: Buffer): Promise<Buffer> {
  const path = join(tempFolder(), 'part');
  await writeArchiveFile(path, tar);
  return readFileSync(path);
}
