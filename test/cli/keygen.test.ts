import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPublicKey, readSecretKey } from '../../src/packaging.ts';
import { fidiusIn } from '../support/cli-here.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('fidius keygen', () => {
  it('creates the missing folders of the keys', async () => {
    const folder = tempFolder();

    expect((await fidiusIn(folder, ['keygen', '--out', 'new/keys/acme'])).exitCode).toBe(0);
    expect(readdirSync(join(folder, 'new/keys')).sort()).toEqual(['acme.public', 'acme.secret']);
  });

  it('writes both keys, the secret one readable only by its owner, and prints their id', async () => {
    const folder = tempFolder();

    const { exitCode, stdout, stderr } = await fidiusIn(folder, ['keygen', '--out', 'acme']);

    const secret = await readSecretKey(join(folder, 'acme.secret'));
    const { id } = await readPublicKey(join(folder, 'acme.public'));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(secret.publicKey.id).toBe(id);
    expect(statSync(join(folder, 'acme.secret')).mode & 0o777).toBe(0o600);
    expect(stdout.replace(id, '<id>')).toMatchInlineSnapshot(`
      "Generated keypair:
        Secret: acme.secret
        Public: acme.public
        Key id: <id>
      "
    `);
  });

  it('writes PEM, and prints the result as JSON', async () => {
    const folder = tempFolder();

    const { stdout } = await fidiusIn(folder, ['keygen', '--out', 'acme', '--pem', '--json']);

    expect(readFileSync(join(folder, 'acme.secret.pem'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(JSON.parse(stdout)).toEqual({
      secret: '<here>/acme.secret.pem',
      public: '<here>/acme.public.pem',
      keyId: (await readPublicKey(join(folder, 'acme.public.pem'))).id,
    });
  });

  it('replaces a key only with --force', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'acme.secret'), 'the only copy');

    const refused = await fidiusIn(folder, ['keygen', '--out', 'acme']);

    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatchInlineSnapshot(`
      "error: Cannot write key <here>/acme.secret: the file exists
      hint: Choose another name, or replace it with --force if the old key is no longer needed.
      "
    `);
    expect(readFileSync(join(folder, 'acme.secret'), 'utf8')).toBe('the only copy');
    expect((await fidiusIn(folder, ['keygen', '--out', 'acme', '--force'])).exitCode).toBe(0);
    expect(readFileSync(join(folder, 'acme.secret'))).toHaveLength(32);
  });

  it.each([
    ['keys/acme', 'keys/acme'],
    ['./acme', 'acme'],
    ['keys/..', '../<name>'],
  ])('prints the paths for %s relative to the current folder', async (out, shown) => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'keys'));

    const { stdout } = await fidiusIn(folder, ['keygen', '--out', out]);

    const typed = shown.replace('<name>', basename(folder));
    expect(stdout).toContain(`  Secret: ${typed}.secret\n  Public: ${typed}.public\n`);
    expect(existsSync(join(folder, `${typed}.secret`))).toBe(true);
    for (const half of ['secret', 'public']) rmSync(join(folder, `${typed}.${half}`));
  });

  it('requires --out', async () => {
    const { exitCode, stderr } = await fidiusIn(tempFolder(), ['keygen']);

    expect(exitCode).toBe(2);
    expect(stderr).toMatchInlineSnapshot(`
      "error: fidius keygen needs --out <base>
      hint: Usage: fidius keygen --out <base> [options]
      "
    `);
  });
});
