import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrustStore, SecretKey } from '../../../src/packaging.ts';
import { failureOf } from '../../support/failure.ts';
import { folderOf } from '../../support/packages.ts';

const acme = new SecretKey(Buffer.alloc(32, 1)).publicKey;
const other = new SecretKey(Buffer.alloc(32, 2)).publicKey;
const acmeHex = Buffer.from(acme.bytes).toString('hex');

describe('readTrustStore', () => {
  it('reads a file with keys, their ends, and revocations', async () => {
    const dir = folderOf({
      'other.public': other.bytes,
      'trust.toml': `
        [[keys]]
        name = "acme"
        public_key = "${acmeHex}"
        not_after = 2030-06-30

        [[keys]]
        name = "other"
        file = "other.public"
        not_after = 2030-01-01T00:00:00+02:00

        [[revoked]]
        id = "00112233445566ff"
        reason = "laptop stolen"
      `,
    });

    const store = await readTrustStore(join(dir, 'trust.toml'));

    expect(store.keys.map(({ name, key, notAfter }) => [name, key.id, notAfter?.toISOString()])).toEqual([
      ['acme', acme.id, '2030-06-30T23:59:59.999Z'],
      ['other', other.id, '2029-12-31T22:00:00.000Z'],
    ]);
    expect([...store.revoked]).toEqual([['00112233445566ff', 'laptop stolen']]);
  });

  it('reads a folder of key files, where trust.toml says more about some', async () => {
    const dir = folderOf({
      'acme.public': acme.bytes,
      'other.pem': other.toPem(),
      '.hidden': 'not looked at',
      'trust.toml': '[[keys]]\nname = "Acme, until they renew"\nfile = "acme.public"\nnot_after = 2030-06-30',
    });

    const store = await readTrustStore(dir);

    expect(store.keys.map(({ name, notAfter }) => [name, notAfter?.getUTCFullYear()])).toEqual([
      ['Acme, until they renew', 2030],
      ['other', undefined],
    ]);
  });

  it('reads a folder of key files alone, and each key once', async () => {
    const dir = folderOf({ 'acme.public': acme.bytes, 'again.pem': acme.toPem(), 'other.public': other.bytes });

    const store = await readTrustStore(dir);

    expect(store.keys.map(({ name, key }) => [name, key.id])).toEqual([
      ['acme', acme.id],
      ['other', other.id],
    ]);
  });

  it('is empty when the folder is', async () => {
    expect(await readTrustStore(folderOf({}))).toEqual({ keys: [], revoked: new Map() });
  });

  it.each([
    [
      'a misspelt end',
      'not_afer = 2030-01-01',
      '/keys/0/not_afer: is not a known key, expected one of name, file, public_key, not_after, packages (line 4)',
    ],
    [
      'an end without time zone',
      'not_after = 2030-01-01T00:00:00',
      '/keys/0/not_after: must be a date, or a date and time with its offset from UTC (line 4)',
    ],
    ['an end in words', 'not_after = "2030"', '/keys/0/not_after: must be a date'],
    ['two keys in one', 'file = "x"', '/keys/0/public_key: must be absent: the key is given by file'],
    ['a misspelt section', '[[revoke]]', '/revoke: is not a known key, expected one of keys, revoked'],
    [
      'a revocation by name',
      '[[revoked]]\nid = "acme"\nreason = ""',
      '/revoked/0/id: must be the 16 hex digits of a key id',
    ],
    [
      'a revocation without reason',
      '[[revoked]]\nid = "00112233445566ff"',
      '/revoked/0/reason: is missing, must be a string',
    ],
    ['keys that are no tables', '[revoked]', '/revoked: must be an array of tables, is a table'],
    ['bad TOML', '=', 'Invalid TOML document'],
  ])('refuses %s', async (_what, line, problem) => {
    const dir = folderOf({ 'trust.toml': `[[keys]]\nname = "a"\npublic_key = "${acmeHex}"\n${line}\n` });

    const error = await failureOf(() => readTrustStore(dir));

    expect(error.code).toBe('FIDIUS_TRUST_INVALID');
    expect(error.message).toContain(problem);
  });

  it.each([
    ['a key file in the folder', { 'a.public': 'short' }, 'a.public: Invalid public key: found 5 bytes'],
    [
      'a key file that the list names',
      { 'trust.toml': '[[keys]]\nname = "a"\nfile = "x.public"' },
      '/keys/0/file: Cannot read key',
    ],
    [
      'a key in the list',
      { 'trust.toml': '[[keys]]\nname = "a"\npublic_key = "12"' },
      '/keys/0/public_key: Invalid public key',
    ],
  ])('refuses a store with an unusable key: %s', async (_what, files, problem) => {
    const error = await failureOf(() => readTrustStore(folderOf(files)));

    expect(error.code).toBe('FIDIUS_TRUST_INVALID');
    expect(error.message).toContain(problem);
  });

  it('says when there is nothing to read', async () => {
    const error = await failureOf(() => readTrustStore('/nowhere/trust'));

    expect(error.code).toBe('FIDIUS_TRUST_UNREADABLE');
    expect(error.message).toContain('Cannot read trust store /nowhere/trust: ENOENT');
  });
});
