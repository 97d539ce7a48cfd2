import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { generateKeyPair, PublicKey, readPublicKey, readSecretKey, SecretKey } from '../../../src/packaging.ts';
import { failureOf } from '../../support/failure.ts';
import { packageVectors } from '../../support/package-vectors.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const seed = Buffer.alloc(32, 1);
const publicHex = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c';

describe('keys', () => {
  it.each(packageVectors.signatures)('sign and verify as the Rust tool does ($id)', (vector) => {
    const digest = packageVectors.digests.find(({ id }) => id === vector.digest)?.sha256 ?? '';
    const secret = new SecretKey(Buffer.from(vector.secret_key_hex, 'hex'));

    const signature = secret.sign(Buffer.from(digest, 'hex'));

    expect(hex(signature)).toBe(vector.signature_hex);
    expect(hex(secret.publicKey.bytes)).toBe(vector.public_key_hex);
    expect(new PublicKey(vector.public_key_hex).verifies(Buffer.from(digest, 'hex'), signature)).toBe(true);
    expect(new PublicKey(vector.public_key_hex).verifies(Buffer.from(digest), signature)).toBe(false);
  });

  it('come as raw bytes, hex, PEM, DER or an object of Node', () => {
    const key = createPublicKey(new SecretKey(seed).exportPem());
    const forms = [
      Buffer.from(publicHex, 'hex'),
      publicHex.toUpperCase(),
      key.export({ format: 'pem', type: 'spki' }).toString(),
      key.export({ format: 'der', type: 'spki' }),
      key,
    ];

    expect(forms.map((form) => hex(new PublicKey(form).bytes))).toEqual(forms.map(() => publicHex));
    expect(hex(new SecretKey(new SecretKey(seed).exportPem()).exportBytes())).toBe(hex(seed));
  });

  it('have a short fingerprint', () => {
    expect(new PublicKey(publicHex).id).toBe('34750f98bd59fcfc');
  });

  it('keep the secret to themselves when they are printed or turned into JSON', () => {
    const key = new SecretKey(seed);

    const shown = inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key);

    expect(shown).not.toContain('01, 01');
    expect(shown).not.toContain('"1":1');
    expect(shown).toContain(key.publicKey.id);
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const ed25519 = generateKeyPairSync('ed25519');
  it.each([
    ['nothing', '', 'found 0 bytes, expected 32 raw bytes, PEM or DER'],
    ['a truncated key', seed.subarray(1), 'found 31 bytes, expected 32 raw bytes, PEM or DER'],
    ['a path', 'acme.public', 'found 11 bytes'],
    ['damaged PEM', '-----BEGIN PUBLIC KEY-----\nxyz\n-----END PUBLIC KEY-----', 'expected 32 raw bytes, PEM or DER'],
    ['a key for RSA', rsa.publicKey, 'it is a key for rsa, not for Ed25519'],
    ['a secret key', ed25519.privateKey, 'it is a secret key'],
    ['a secret key in PEM', ed25519.privateKey.export({ format: 'pem', type: 'pkcs8' }), 'it is a secret key'],
    ['zeros', Buffer.alloc(32), 'it is a weak key'],
    ['the neutral point with a sign', Buffer.from([1, ...Array(30).fill(0), 0x80]), 'it is a weak key'],
  ])('refuse %s as a public key', async (_what, input, problem) => {
    const error = await failureOf(() => new PublicKey(input));

    expect(error.code).toBe('FIDIUS_KEY_INVALID');
    expect(error.message).toMatch(/^Invalid public key: /);
    expect(error.message).toContain(problem);
  });

  it.each([
    ['a truncated key', seed.subarray(1), 'found 31 bytes, expected 32 raw bytes, PEM or DER'],
    ['a public key in PEM', ed25519.publicKey.export({ format: 'pem', type: 'spki' }), 'it is a public key'],
    [
      'one behind a passphrase',
      ed25519.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
      'it is protected by a passphrase',
    ],
  ])('refuse %s as a secret key', async (_what, input, problem) => {
    const error = await failureOf(() => new SecretKey(input));

    expect(error.code).toBe('FIDIUS_KEY_INVALID');
    expect(error.message).toBe(`Invalid secret key: ${problem}`);
  });
});

describe('key files', () => {
  it('are what the Rust tool reads: 32 bytes each, the secret for its owner only', async () => {
    const base = join(tempFolder(), 'acme');

    const files = await generateKeyPair(base, new SecretKey(seed));

    expect(files).toEqual({ secretPath: `${base}.secret`, publicPath: `${base}.public` });
    expect(hex(readFileSync(`${base}.secret`))).toBe(hex(seed));
    expect(hex(readFileSync(`${base}.public`))).toBe(publicHex);
    expect(statSync(`${base}.secret`).mode & 0o777).toBe(0o600);
    expect((await readSecretKey(files.secretPath)).publicKey.id).toBe((await readPublicKey(files.publicPath)).id);
  });

  it('are PEM on request', async () => {
    const files = await generateKeyPair(join(tempFolder(), 'acme'), SecretKey.generate(), { format: 'pem' });

    expect(files.secretPath).toMatch(/acme\.secret\.pem$/);
    expect(readFileSync(files.secretPath, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(readFileSync(files.publicPath, 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    expect((await readSecretKey(files.secretPath)).publicKey.id).toBe((await readPublicKey(files.publicPath)).id);
  });

  it.each(['secret', 'public'])('are not overwritten when the %s half exists', async (half) => {
    const base = join(tempFolder(), 'acme');
    writeFileSync(`${base}.${half}`, 'mine');

    const error = await failureOf(() => generateKeyPair(base, SecretKey.generate()));

    expect(error.code).toBe('FIDIUS_KEY_EXISTS');
    expect(error.message).toBe(`Cannot write key ${base}.${half}: the file exists`);
    expect(readFileSync(`${base}.${half}`, 'utf8')).toBe('mine');
    expect(existsSync(`${base}.${half === 'secret' ? 'public' : 'secret'}`)).toBe(false);
  });

  it('are overwritten when the caller insists, and then are private too', async () => {
    const base = join(tempFolder(), 'acme');
    writeFileSync(`${base}.secret`, 'old', { mode: 0o644 });

    await generateKeyPair(base, new SecretKey(seed), { force: true });

    expect(hex(readFileSync(`${base}.secret`))).toBe(hex(seed));
    expect(statSync(`${base}.secret`).mode & 0o777).toBe(0o600);
  });

  it('say which file is not a key', async () => {
    const path = join(tempFolder(), 'acme.public');
    writeFileSync(path, 'x'.repeat(33));

    const error = await failureOf(() => readPublicKey(path));

    expect(error.code).toBe('FIDIUS_KEY_INVALID');
    expect(error.message).toBe(
      `Cannot use key ${path}: Invalid public key: found 33 bytes, expected 32 raw bytes, PEM or DER`,
    );
  });

  it.each([
    ['secret', 'public', readSecretKey],
    ['public', 'secret', readPublicKey],
  ] as const)(
    'are told apart by their names, as raw bytes have no other mark: no %s key is read from a %s one',
    async (kind, other, read) => {
      const base = join(tempFolder(), 'acme');
      await generateKeyPair(base, SecretKey.generate());

      const error = await failureOf(() => read(`${base}.${other}`));

      expect(error.code).toBe('FIDIUS_KEY_INVALID');
      expect(error.message).toBe(
        `Cannot use ${base}.${other} as a ${kind} key: its file name is that of a ${other} key`,
      );
      expect(error.hint).toBe(`Pass the other key of the pair, acme.${kind}.`);
    },
  );

  it('say which file cannot be read or written', async () => {
    const dir = tempFolder();
    mkdirSync(join(dir, 'x.secret'));

    expect(await failureOf(() => readSecretKey(join(dir, 'none')))).toMatchObject({ code: 'FIDIUS_KEY_UNREADABLE' });
    expect(await failureOf(() => readSecretKey(join(dir, 'x.secret')))).toMatchObject({
      code: 'FIDIUS_KEY_UNREADABLE',
    });
    const write = () => generateKeyPair(join(dir, 'none', 'x'), SecretKey.generate());
    expect(await failureOf(write)).toMatchObject({ code: 'FIDIUS_KEY_UNWRITABLE' });
  });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
