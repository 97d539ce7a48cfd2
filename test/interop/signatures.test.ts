import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SecretKey, signPackage, verifyPackage } from '../../src/packaging.ts';
import { failureOf } from '../support/failure.ts';
import { fill, packageOf } from '../support/packages.ts';
import { reference, rustFidius } from './reference.ts';
import { rustSign, rustVerify } from './rust-signing.ts';

const key = SecretKey.generate();
const trustedKeys = [key.publicKey];

describe.skipIf(reference.cli === undefined)('package signatures', () => {
  it('of Rust verify here', async () => {
    const dir = packageOf();

    await rustSign(dir, key);

    const { signedBy } = await verifyPackage(dir, { trustedKeys });
    expect(signedBy.key.id).toBe(key.publicKey.id);
  });

  it('of ours verify there, without the list of files', async () => {
    const dir = packageOf({ 'demo.py': 'x = 1\n', 'vendor/dep/__init__.py': '' });

    await signPackage(dir, { key });

    expect(rustVerify(dir, key.publicKey)).toMatchObject({
      exitCode: 0,
      stdout: `Package signature valid: ${dir}\n`,
    });
  });

  it('are the same bytes, independent of the tool that made them', async () => {
    const dir = packageOf({ 'demo.py': 'x = 1\n', 'data/🐍.bin': Buffer.from([0, 255]) });

    await rustSign(dir, key);
    const theirs = readFileSync(join(dir, 'package.sig'));
    await signPackage(dir, { key });

    expect(readFileSync(join(dir, 'package.sig'))).toEqual(theirs);
  });

  it.each<[string, (dir: string) => void]>([
    ['a file was changed', (dir) => appendFileSync(join(dir, 'demo.py'), '#')],
    ['a file was added', (dir) => fill(dir, { 'new.py': '' })],
    ['a file was removed', (dir) => rmSync(join(dir, 'data/a.txt'))],
    ['a file was renamed', (dir) => renameSync(join(dir, 'demo.py'), join(dir, 'Demo.py'))],
    ['byte-code was written', (dir) => fill(dir, { '__pycache__/demo.cpython-311.pyc': 'x' })],
    [
      'the signature is of another package',
      (dir) => writeFileSync(join(dir, 'package.sig'), key.sign(Buffer.alloc(32))),
    ],
    ['the signature is too short', (dir) => truncateSync(join(dir, 'package.sig'), 63)],
    ['the signature is too long', (dir) => appendFileSync(join(dir, 'package.sig'), 'x')],
    ['the signature is empty', (dir) => writeFileSync(join(dir, 'package.sig'), '')],
  ])('are refused by both when %s', async (_what, tamper) => {
    const dir = packageOf({ 'demo.py': 'x = 1\n', 'data/a.txt': '1' });
    await signPackage(dir, { key });
    expect(rustVerify(dir, key.publicKey).exitCode).toBe(0);

    tamper(dir);

    expect(rustVerify(dir, key.publicKey)).toMatchObject({ exitCode: 1, stdout: '' });
    expect((await failureOf(() => verifyPackage(dir, { trustedKeys }))).code).toBe('FIDIUS_SIGNATURE_INVALID');
  });

  it('are refused by both when made with another key, and when missing', async () => {
    const dir = packageOf();
    const { publicKey } = SecretKey.generate();

    expect(rustVerify(dir, publicKey).stderr).toContain('error: ');
    expect((await failureOf(() => verifyPackage(dir, { trustedKeys }))).code).toBe('FIDIUS_SIGNATURE_MISSING');

    await rustSign(dir, key);
    expect(rustVerify(dir, publicKey).stderr).toContain('Package signature INVALID');
    const failure = await failureOf(() => verifyPackage(dir, { trustedKeys: [publicKey] }));
    expect(failure.code).toBe('FIDIUS_SIGNATURE_INVALID');
  });

  it('hold for a manifest that both accept', async () => {
    const dir = packageOf();

    await signPackage(dir, { key });

    expect(rustFidius('package', 'validate', dir)).toMatchObject({ exitCode: 0 });
  });
});
