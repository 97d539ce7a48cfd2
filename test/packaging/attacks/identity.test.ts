import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  digestPackage,
  generateKeyPair,
  PackageStore,
  packPackage,
  readSecretKey,
  readTrustStore,
  SecretKey,
  signPackage,
  verifyPackage,
} from '../../../src/packaging.ts';
import { fidiusIn } from '../../support/cli-here.ts';
import { failureOf } from '../../support/failure.ts';
import { noOtherUser, otherUid } from '../../support/other-user.ts';
import { folderOf, packageOf } from '../../support/packages.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));
const acmeHex = Buffer.from(acme.publicKey.bytes).toString('hex');
const rootOnly = noOtherUser === undefined ? '' : ` (skipped: ${noOtherUser})`;

describe('a genuine package in the place of another one', () => {
  it('is told by what verification returns, and refused when another is expected', async () => {
    const dir = packageOf();
    await signPackage(dir, { key: acme });
    const trust = { trustedKeys: [acme.publicKey] };

    const verified = await verifyPackage(dir, { ...trust, name: 'demo', version: '1.0.0' });

    expect(verified.manifest).toMatchObject({ name: 'demo', version: '1.0.0', interface: 'Greeter' });
    for (const expected of [{ name: 'other' }, { version: '1.0.1' }]) {
      const error = await failureOf(() => verifyPackage(dir, { ...trust, ...expected }));
      expect(error.code).toBe('FIDIUS_PACKAGE_UNEXPECTED');
      expect(error.message).toContain('is "demo" 1.0.0, expected');
    }
  });

  it('is refused by the command line when its file name says another package', async () => {
    const dir = tempFolder();
    const archive = join(dir, 'demo-1.0.0.fid');
    await packPackage(packageOf(), { output: archive, key: acme });
    writeFileSync(join(dir, 'acme.public'), acme.publicKey.bytes);
    const verify = (...argv: string[]) => fidiusIn(dir, ['package', 'verify', ...argv, '--key', 'acme.public']);
    const names = ['demo.fid', 'auth-1.0.0.fid', 'demo-2.0.0.fid', 'demo-1.0.0.fid.fid'];
    for (const name of names) copyFileSync(archive, join(dir, name));

    const codes = [];
    for (const name of ['demo-1.0.0.fid', ...names]) codes.push((await verify(name)).exitCode);
    const explicit = [
      await verify('auth-1.0.0.fid', '--name', 'demo'),
      await verify('demo-1.0.0.fid', '--name', 'auth'),
      await verify('demo-1.0.0.fid', '--version', '1.0.1'),
    ];

    expect(codes).toEqual([0, 0, 1, 1, 1]);
    expect(explicit.map(({ exitCode }) => exitCode)).toEqual([0, 1, 1]);
    expect((await verify('auth-1.0.0.fid')).stderr).toContain('which does not match its file name');
  });

  it('never is a folder without a manifest', async () => {
    const dir = packageOf();
    rmSync(join(dir, 'package.toml'));
    writeFileSync(join(dir, 'package.sig'), acme.sign(await digestOf(dir)));

    const error = await failureOf(() => verifyPackage(dir, { trustedKeys: [acme.publicKey] }));
    rmSync(join(dir, 'package.sig'));
    const unsigned = await failureOf(() => verifyPackage(dir, { trustedKeys: [acme.publicKey] }));

    expect([error.code, unsigned.code]).toEqual(Array(2).fill('FIDIUS_MANIFEST_NOT_FOUND'));
  });
});

describe('a key that may sign some packages', () => {
  it('is refused for another one, in folders, archives and from the store', async () => {
    const dir = packageOf();
    await signPackage(dir, { key: acme });
    const { archive } = await packPackage(dir, { output: join(tempFolder(), 'demo.fid') });
    const store = await PackageStore.open(join(tempFolder(), 'store'));
    await store.addFolder(dir);
    const trustStore = await readTrustStore(
      folderOf({ 'trust.toml': `[[keys]]\nname = "Acme"\npublic_key = "${acmeHex}"\npackages = ["acme-*", "auth"]` }),
    );
    const required = { trustStore, requireSignature: true };

    const errors = [
      await failureOf(() => verifyPackage(dir, { trustStore })),
      await failureOf(() => store.addFolder(dir, required)),
      await failureOf(() => store.addArchive(archive, required)),
    ];

    expect(errors.map(({ code }) => code)).toEqual(Array(3).fill('FIDIUS_SIGNATURE_KEY_SCOPE'));
    expect(errors[0]?.message).toContain('which may sign only acme-*, auth, not "demo"');
  });
});

describe('a trust store', () => {
  it.each(['Trust.toml', 'revoked.toml', 'acme.pub', 'acme.secret', 'README.md', 'keys'])(
    'is refused when its folder holds what is not understood: %s',
    async (name) => {
      const error = await failureOf(() =>
        readTrustStore(folderOf({ 'acme.public': acme.publicKey.bytes, [name]: '' })),
      );

      expect(error.code).toBe('FIDIUS_TRUST_INVALID');
      expect(error.message).toContain(
        `it contains ${name}, expected only trust.toml and files that end in .public or .pem`,
      );
    },
  );

  it.each(['2027-02-30', '2027-04-31', '2027-02-29T00:00:00Z', '2027-06-31 00:00:00+02:00'])(
    'is refused when a date in it does not exist: %s',
    async (date) => {
      const text = `[[keys]]\nname = "a"\npublic_key = "${acmeHex}"\nnot_after = ${date}\n`;
      const error = await failureOf(() => readTrustStore(folderOf({ 'trust.toml': text })));

      expect(error.message).toContain('/keys/0/not_after: is not a date that exists');
    },
  );

  it.each(['[]', '[""]', '"acme"', '[1]'])(
    'is refused when a key has no sensible list of packages: %s',
    async (value) => {
      const text = `[[keys]]\nname = "a"\npublic_key = "${acmeHex}"\npackages = ${value}\n`;

      expect(await failureOf(() => readTrustStore(folderOf({ 'trust.toml': text })))).toMatchObject({
        code: 'FIDIUS_TRUST_INVALID',
      });
    },
  );

  it.each([
    ['the folder', '.'],
    ['a key in it', 'acme.public'],
    ['trust.toml', 'trust.toml'],
  ])('is refused when others may write to %s', async (_what, path) => {
    const dir = folderOf({ 'acme.public': acme.publicKey.bytes, 'trust.toml': '' });
    chmodSync(join(dir, path), path === '.' ? 0o777 : 0o666);

    const error = await failureOf(() => readTrustStore(dir));

    expect(error.code).toBe('FIDIUS_TRUST_UNSAFE');
    expect(error.message).toContain('other users may write to it');
  });

  it('is refused when it is an empty folder to which others may add keys', async () => {
    const dir = folderOf({});
    chmodSync(dir, 0o777);

    expect(await failureOf(() => readTrustStore(dir))).toMatchObject({ code: 'FIDIUS_TRUST_UNSAFE' });
  });

  it.runIf(noOtherUser === undefined)(`is refused when it belongs to another user${rootOnly}`, async () => {
    const dir = folderOf({ 'trust.toml': '' });
    chownSync(join(dir, 'trust.toml'), otherUid, otherUid);

    expect(await failureOf(() => readTrustStore(join(dir, 'trust.toml')))).toMatchObject({
      code: 'FIDIUS_TRUST_UNSAFE',
    });
  });
});

describe('a secret key', () => {
  it.each([0o644, 0o640, 0o604, 0o620])('is refused when others can read or write it: mode %o', async (mode) => {
    const base = join(tempFolder(), 'acme');
    const { secretPath } = await generateKeyPair(base, acme);
    expect((await readSecretKey(secretPath)).publicKey.id).toBe(acme.publicKey.id);
    chmodSync(secretPath, mode);

    const error = await failureOf(() => readSecretKey(secretPath));

    expect(error.code).toBe('FIDIUS_KEY_UNSAFE');
    expect(error.message).toContain(`other users can read it (mode ${mode.toString(8)})`);
  });

  it('is refused when others could put another one in its place', async () => {
    const dir = tempFolder();
    mkdirSync(join(dir, 'shared'));
    const { secretPath } = await generateKeyPair(join(dir, 'shared/acme'), acme);
    chmodSync(join(dir, 'shared'), 0o777);

    expect(await failureOf(() => readSecretKey(secretPath))).toMatchObject({ code: 'FIDIUS_KEY_UNSAFE' });
  });
});

async function digestOf(dir: string): Promise<Buffer> {
  return digestPackage(dir);
}
