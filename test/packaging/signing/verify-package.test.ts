import { appendFileSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SignatureError, type TrustStore } from '../../../src/index.ts';
import { digestPackage, SecretKey, signPackage, type VerifyOptions, verifyPackage } from '../../../src/packaging.ts';
import { failureOf } from '../../support/failure.ts';
import { packageVectors, writeVector } from '../../support/package-vectors.ts';
import { fill, folderOf, packageOf } from '../../support/packages.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const acme = new SecretKey(Buffer.alloc(32, 1));
const other = new SecretKey(Buffer.alloc(32, 2));
const acmeId = acme.publicKey.id;
const otherId = other.publicKey.id;

describe('signPackage', () => {
  it.each(packageVectors.signatures)('makes the signature file of the Rust tool ($id)', async (vector) => {
    const dir = tempFolder();
    const tree = packageVectors.digests.find(({ id }) => id === vector.digest);
    if (tree !== undefined) writeVector(tree, dir);

    const signed = await signPackage(dir, { key: vector.secret_key_hex });

    expect(readFileSync(join(dir, 'package.sig')).toString('hex')).toBe(vector.signature_hex);
    expect(signed.digest.toString('hex')).toBe(tree?.sha256);
    expect(signed.files).toBe(tree?.files.length);
  });

  it('leaves the digest as it was, so that signing twice gives the same files', async () => {
    const dir = packageOf();
    const before = await digestPackage(dir);

    await signPackage(dir, { key: acme });
    const first = readFileSync(join(dir, 'package.files.sig'), 'utf8');
    await signPackage(dir, { key: acme });

    expect(await digestPackage(dir)).toEqual(before);
    expect(readFileSync(join(dir, 'package.files.sig'), 'utf8')).toBe(first);
  });

  it('writes a list of the files that people can read', async () => {
    const dir = folderOf({ 'package.toml': '', 'a "quoted" name.py': '1' });

    await signPackage(dir, { key: acme });

    const list = readFileSync(join(dir, 'package.files.sig'), 'utf8');
    expect(list.replace(/^signature \w{128}$/m, 'signature …')).toMatchInlineSnapshot(`
      "fidius-files 1
      key 8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c
      signature …
      digest ea301c5ba4ba3158d4df14dc613beea7d5496fbc9e56df2cfd50fc24d2ce857d
      6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b 1 "a \\"quoted\\" name.py"
      e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 "package.toml"
      "
    `);
  });

  it.each(['__pycache__/demo.cpython-311.pyc', 'a/b/__pycache__/__pycache__/c'])(
    'refuses compiled code in %s',
    async (path) => {
      const dir = packageOf({ [path]: '' });

      const error = await failureOf(() => signPackage(dir, { key: acme }));

      expect(error.code).toBe('FIDIUS_PACKAGE_BYTE_CODE');
      expect(error.message).toBe(
        `Package ${dir} contains compiled Python code in ${path.slice(0, path.indexOf('__pycache__'))}__pycache__`,
      );
      expect(existsSync(join(dir, 'package.sig'))).toBe(false);
    },
  );

  it('removes or signs compiled code when told so', async () => {
    const dir = packageOf({ 'a/__pycache__/x.pyc': '', 'a/b.py': '', not__pycache__: '' });

    expect((await signPackage(dir, { key: acme, byteCode: 'keep' })).files).toBe(4);
    expect((await signPackage(dir, { key: acme, byteCode: 'remove' })).files).toBe(3);
    expect(existsSync(join(dir, 'a/__pycache__'))).toBe(false);
  });

  it('rejects a folder that is not a package, and unknown options', async () => {
    const dir = folderOf({ 'a.py': '' });

    expect(await failureOf(() => signPackage(dir, { key: acme }))).toMatchObject({ code: 'FIDIUS_MANIFEST_NOT_FOUND' });
    const options = { key: acme, byteCode: 'delete' } as unknown as { key: SecretKey };
    expect((await failureOf(() => signPackage(dir, options))).message).toBe(
      'Option "byteCode" of signPackage() must be "keep" or "refuse" or "remove", got "delete"',
    );
  });
});

describe('verifyPackage', () => {
  it('tells the digest and the key of a genuine package', async () => {
    const dir = await signedPackage();

    const verified = await verifyPackage(dir, { trustedKeys: [other.publicKey, acme.publicKey] });

    expect(verified.signedBy.key.id).toBe(acmeId);
    expect(verified.digest).toEqual(await digestPackage(dir));
  });

  it('distinguishes a folder that is not a package from an unsigned package', async () => {
    const nowhere = join(tempFolder(), 'nowhere');

    const error = await failureOf(() => verifyPackage(nowhere, { trustedKeys: [acme.publicKey] }));

    expect(error.code).toBe('FIDIUS_MANIFEST_NOT_FOUND');
    expect(error.message).toBe(`Cannot verify ${nowhere}: no package.toml in it`);
  });

  it('does not need the list of files', async () => {
    const dir = await signedPackage();
    rmSync(join(dir, 'package.files.sig'));

    await expect(verifyPackage(dir, { trustedKeys: [acme.publicKey.bytes] })).resolves.toBeDefined();
  });

  it('tells what has been changed', async () => {
    const dir = await signedPackage({ 'a.py': '1', 'b.py': '2', 'c.py': '3', 'd.py': '4' });
    appendFileSync(join(dir, 'a.py'), 'x');
    rmSync(join(dir, 'b.py'));
    renameSync(join(dir, 'c.py'), join(dir, 'C.py'));
    writeFileSync(join(dir, 'e.py'), '');

    const error = await refusal(dir, { trustedKeys: [acme.publicKey] });

    expect(error.code).toBe('FIDIUS_SIGNATURE_INVALID');
    expect(error.differences).toEqual([
      { path: 'C.py', kind: 'renamed', from: 'c.py' },
      { path: 'a.py', kind: 'changed' },
      { path: 'b.py', kind: 'removed' },
      { path: 'e.py', kind: 'added' },
    ]);
    expect(error.message).toBe(
      `Cannot trust package ${dir}: its signature matches none of the trusted keys: key ${acmeId}; ` +
        `c.py was renamed to C.py, a.py was changed, b.py was removed, e.py was added after key ${acmeId} signed the package`,
    );
  });

  it('tells the first of many changes', async () => {
    const dir = await signedPackage();
    fill(dir, Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`f${index + 10}`, ''])));

    const error = await refusal(dir, { trustedKeys: [acme.publicKey] });

    expect(error.message).toContain('f17 was added and 12 more files differ');
    expect(error.differences).toHaveLength(20);
    expect(error.moreDifferences).toBe(0);
  });

  it('carries no more than 32 changes, and tells how many more there are', async () => {
    const dir = await signedPackage();
    fill(dir, Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index + 10}`, ''])));

    const error = await refusal(dir, { trustedKeys: [acme.publicKey] });

    expect(error.differences?.map(({ path }) => path)).toEqual(
      Array.from({ length: 32 }, (_, index) => `f${index + 10}`),
    );
    expect(error.moreDifferences).toBe(18);
    expect(error.message).toContain('f17 was added and 42 more files differ');
  });

  it('reports when the package is intact but signed with another key', async () => {
    const dir = await signedPackage();

    const error = await refusal(dir, { trustedKeys: [other.publicKey] });

    expect(error.message).toContain(`its files are unchanged since key ${acmeId} signed them`);
    expect(error.keys).toEqual([{ name: undefined, id: otherId }]);
    expect(error.hint).toBe('Ask the author through another channel which key they sign with.');
  });

  it('tells when the signature is that of another package', async () => {
    const dir = await signedPackage();
    copyFileSync(join(await signedPackage({ 'z.py': '' }), 'package.sig'), join(dir, 'package.sig'));

    const error = await refusal(dir, { trustedKeys: [acme.publicKey] });

    expect(error.message).toContain(
      'its files are unchanged since key 34750f98bd59fcfc signed them, but package.sig signs other content',
    );
  });

  it.each([
    [
      'a list of a stranger',
      async (dir: string) =>
        copyFileSync(join(await signedBy(other), 'package.files.sig'), join(dir, 'package.files.sig')),
    ],
    ['a list that was edited', async (dir: string) => appendFileSync(join(dir, 'package.files.sig'), ' ')],
    ['no list', async (dir: string) => rmSync(join(dir, 'package.files.sig'))],
    ['a list that is none', async (dir: string) => writeFileSync(join(dir, 'package.files.sig'), 'fidius-files 1\n')],
  ])('does not believe %s', async (_what, change) => {
    const dir = await signedPackage();
    appendFileSync(join(dir, 'demo.py'), 'x');
    await change(dir);

    const error = await refusal(dir, { trustedKeys: [acme.publicKey] });

    expect(error.differences).toBeUndefined();
    expect(error.message).toBe(
      `Cannot trust package ${dir}: its signature matches none of the trusted keys: key ${acmeId}`,
    );
  });

  it('never trusts on account of the list', async () => {
    const dir = await signedPackage();
    appendFileSync(join(dir, 'demo.py'), 'x');
    const forged = await signedBy(other);
    copyFileSync(join(dir, 'demo.py'), join(forged, 'demo.py'));
    await signPackage(forged, { key: other });
    for (const name of ['package.sig', 'package.files.sig']) copyFileSync(join(forged, name), join(dir, name));

    const error = await refusal(dir, { trustedKeys: [acme.publicKey] });

    expect(error.code).toBe('FIDIUS_SIGNATURE_INVALID');
    expect(error.message).toContain(`its files are unchanged since key ${otherId} signed them`);
  });

  it.each([0, 63, 65, 5000])('refuses a signature of %i bytes', async (length) => {
    const dir = await signedPackage();
    writeFileSync(join(dir, 'package.sig'), Buffer.alloc(length));

    const error = await refusal(dir, { trustedKeys: [acme.publicKey] });

    expect(error.code).toBe('FIDIUS_SIGNATURE_INVALID');
    expect(error.message).toContain(`package.sig has ${length > 64 ? 'more' : 'fewer'} than 64 bytes`);
  });

  it('refuses a package without a signature, and one without anybody to trust', async () => {
    const missing = await refusal(packageOf(), { trustedKeys: [acme.publicKey] });
    const untrusted = await refusal(await signedPackage(), {});

    expect(missing.code).toBe('FIDIUS_SIGNATURE_MISSING');
    expect(missing.message).toContain('it has no package.sig');
    expect(untrusted.code).toBe('FIDIUS_SIGNATURE_INVALID');
    expect(untrusted.message).toContain('no trusted keys were passed');
  });

  it('refuses what a key signed after its end', async () => {
    const dir = await signedPackage();
    const until = (notAfter: Date) => store({ keys: [{ name: 'acme', key: acme.publicKey, notAfter }] });

    await expect(verifyPackage(dir, { trustStore: until(new Date(Date.now() + 60_000)) })).resolves.toBeDefined();
    const error = await refusal(dir, { trustStore: until(new Date('2020-01-01T00:00:00Z')) });

    expect(error.code).toBe('FIDIUS_SIGNATURE_KEY_EXPIRED');
    expect(error.message).toContain(
      `it was signed with key acme (${acmeId}), which is trusted until 2020-01-01T00:00:00.000Z`,
    );
    expect(error.keys).toEqual([{ name: 'acme', id: acmeId }]);
  });

  it('refuses a revoked key, also one that is passed as trusted', async () => {
    const dir = await signedPackage();
    const trustStore = store({ revoked: new Map([[acmeId, 'laptop stolen']]) });

    const error = await refusal(dir, { trustedKeys: [acme.publicKey], trustStore });

    expect(error.code).toBe('FIDIUS_SIGNATURE_KEY_REVOKED');
    expect(error.message).toContain('which is revoked: laptop stolen');
  });

  it('refuses options that would trust something else than was meant', async () => {
    const dir = await signedPackage();
    const one = { trustedKeys: acme.publicKey.bytes } as unknown as VerifyOptions;
    const path = { trustStore: '/etc/trust' } as unknown as VerifyOptions;
    const misspelt = { trustedKey: [acme.publicKey] } as VerifyOptions;

    expect(await failureOf(() => verifyPackage(dir, one))).toMatchObject({ code: 'FIDIUS_OPTION_INVALID' });
    expect((await failureOf(() => verifyPackage(dir, path))).message).toContain(
      'must be a trust store, got "/etc/trust"',
    );
    expect(await failureOf(() => verifyPackage(dir, misspelt))).toMatchObject({ code: 'FIDIUS_OPTION_UNKNOWN' });
  });
});

async function signedPackage(files?: Readonly<Record<string, string>>): Promise<string> {
  const dir = packageOf(files);
  await signPackage(dir, { key: acme });
  return dir;
}

async function signedBy(key: SecretKey): Promise<string> {
  const dir = packageOf();
  await signPackage(dir, { key });
  return dir;
}

function store(parts: Partial<TrustStore>): TrustStore {
  return { keys: [], revoked: new Map(), ...parts };
}

async function refusal(dir: string, options: VerifyOptions): Promise<SignatureError> {
  const error = await failureOf(() => verifyPackage(dir, options));
  if (error instanceof SignatureError) return error;
  throw error;
}
