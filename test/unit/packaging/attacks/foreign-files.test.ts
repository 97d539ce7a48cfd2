import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openForeignFile, readForeignFile, readForeignHead } from '../../../../src/files/open-foreign-file.ts';
import { SecretKey } from '../../../../src/packaging/signing/keys.ts';
import { signPackage } from '../../../../src/packaging/signing/sign-package.ts';
import { PackageStore } from '../../../../src/packaging/store/package-store.ts';
import { contentsOf } from '../../../support/contents.ts';
import { failureOf } from '../../../support/failure.ts';
import { runIsolated } from '../../../support/isolated.ts';
import { folderOf, packageOf } from '../../../support/packages.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));

describe('a foreign file', () => {
  it.each<[string, (path: string) => void]>([
    ['a pipe', (path) => execFileSync('mkfifo', [path])],
    ['a folder', (path) => mkdirSync(path)],
    ['a device that never ends', (path) => symlinkSync('/dev/zero', path)],
    ['a terminal', (path) => symlinkSync('/dev/tty', path)],
    [
      'a socket',
      (path) =>
        execFileSync('python3', ['-c', `import socket; socket.socket(socket.AF_UNIX).bind(${JSON.stringify(path)})`]),
    ],
  ])('is refused at once when it is %s', (_what, make) => {
    const path = join(tempFolder(), 'x');
    make(path);

    for (const links of ['follow', 'refuse'] as const) {
      expect(() => readForeignFile(path, { links, maxBytes: 10 })).toThrow(
        /it is (?:a folder|not a regular file|a symbolic link)|ENXIO/,
      );
      expect(() => readForeignHead(path, { links, bytes: 10 })).toThrow(/it is |ENXIO/);
    }
  });

  it('is refused when it is a link, where none is allowed, and when a link leads in a circle', () => {
    const dir = folderOf({ file: 'x' });
    symlinkSync('file', join(dir, 'link'));
    symlinkSync('loop', join(dir, 'loop'));

    expect(() => openForeignFile(join(dir, 'link'), { links: 'refuse' })).toThrow('it is a symbolic link');
    expect(() => openForeignFile(join(dir, 'loop'), { links: 'follow' })).toThrow('ELOOP');
    expect(readForeignFile(join(dir, 'link'), { links: 'follow', maxBytes: 1 }).toString()).toBe('x');
  });

  it('is read to its limit and not beyond, whatever size it claims', () => {
    const dir = folderOf({ four: 'abcd', five: 'abcde' });

    expect(readForeignFile(join(dir, 'four'), { links: 'refuse', maxBytes: 4 }).toString()).toBe('abcd');
    expect(() => readForeignFile(join(dir, 'five'), { links: 'refuse', maxBytes: 4 })).toThrow(
      'it has 5 bytes, the limit is 4',
    );
    // Its size is 0.
    expect(readForeignFile('/proc/self/stat', { links: 'refuse', maxBytes: 4096 }).toString()).toContain('(');
    expect(() => readForeignFile('/proc/self/stat', { links: 'refuse', maxBytes: 10 })).toThrow('the limit is 10');
  });
});

describe('a package with a pipe in place of a file', () => {
  const places = [
    'package.toml',
    'package.sig',
    'package.files.sig',
    'vendor/x-1.dist-info/METADATA',
    'vendor/fidius-vendor.json',
    'demo.py',
  ];
  it.each(places)('stops nothing: %s', async (path) => {
    const searchPath = tempFolder();
    const dir = packageOf({ 'vendor/x-1.dist-info/WHEEL': '', 'package.sig': Buffer.alloc(64) });
    execFileSync('mv', [dir, join(searchPath, 'demo')]);
    rmSync(join(searchPath, 'demo', path), { force: true });
    execFileSync('mkfifo', [join(searchPath, 'demo', path)]);

    // In a process of its own: code that waits for a writer is deaf to every time limit of this one.
    const outcome = await runIsolated('look-at-package.ts', { args: [searchPath], timeoutMs: 30_000 });

    expect(outcome).toMatchObject({ timedOut: false, exitCode: 0, stderr: '' });
    expect(outcome.stdout).toMatch(
      /^discovered, checked, verified: FIDIUS_\w+, stored: FIDIUS_\w+, signed: \w+, run: FIDIUS_\w+\n$/,
    );
  });
});

describe('a signature that is a link', () => {
  it('brings nothing from outside into the store, and verifies nothing', async () => {
    const dir = packageOf();
    await signPackage(dir, { key: acme });
    const elsewhere = folderOf({ 'package.sig': readFileSync(join(dir, 'package.sig')), secret: 'precious' });
    rmSync(join(dir, 'package.sig'));
    rmSync(join(dir, 'package.files.sig'));
    symlinkSync(join(elsewhere, 'package.sig'), join(dir, 'package.sig'));
    symlinkSync(join(elsewhere, 'secret'), join(dir, 'package.files.sig'));
    const store = await PackageStore.open(join(tempFolder(), 'store'));

    const options = { trustedKeys: [acme.publicKey], requireSignature: true };
    const error = await failureOf(() => store.addFolder(dir, options));

    expect(error.code).toBe('FIDIUS_PACKAGE_UNREADABLE');
    expect(error.message).toContain('package.sig: it is a symbolic link');
    rmSync(join(dir, 'package.sig'));
    expect(JSON.stringify(contentsOf((await store.addFolder(dir)).dir))).not.toContain('precious');
  });

  it('is not followed when it appears after the files were listed', async () => {
    const dir = packageOf({ 'a.bin': Buffer.alloc(40_000_000), 'z.py': 'x' });
    const elsewhere = folderOf({ secret: 'precious' });
    const store = await PackageStore.open(join(tempFolder(), 'store'));
    const timer = setInterval(() => {
      if (readdirSync(join(store.dir, 'content')).length === 0) return;
      clearInterval(timer);
      rmSync(join(dir, 'z.py'));
      symlinkSync(join(elsewhere, 'secret'), join(dir, 'z.py'));
    }, 0);

    const error = await failureOf(() => store.addFolder(dir));
    clearInterval(timer);

    expect(error.code).toBe('FIDIUS_PACKAGE_UNREADABLE');
  });
});
