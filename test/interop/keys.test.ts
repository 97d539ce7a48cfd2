import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateKeyPair, readPublicKey, readSecretKey, SecretKey } from '../../src/packaging.ts';
import { packageOf } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { reference, rustFidius, rustFidiusOk } from './reference.ts';

describe.skipIf(reference.cli === undefined)('key files', () => {
  it('of Rust are read here, and are a pair', async () => {
    const base = join(tempFolder(), 'key');

    rustFidiusOk('keygen', '--out', base);

    const secret = await readSecretKey(`${base}.secret`);
    expect((await readPublicKey(`${base}.public`)).bytes).toEqual(secret.publicKey.bytes);
  });

  it('of ours are read there, and are a pair', async () => {
    const { secretPath, publicPath } = await generateKeyPair(join(tempFolder(), 'key'), SecretKey.generate());
    const dir = packageOf();

    rustFidiusOk('package', 'sign', dir, '--key', secretPath);

    expect(rustFidiusOk('package', 'verify', dir, '--key', publicPath)).toContain('Package signature valid');
  });

  it('are the same, independent of the tool that wrote them', async () => {
    const theirs = join(tempFolder(), 'key');
    const ours = join(tempFolder(), 'key');

    rustFidiusOk('keygen', '--out', theirs);
    await generateKeyPair(ours, await readSecretKey(`${theirs}.secret`));

    for (const ending of ['.secret', '.public']) {
      expect(readFileSync(ours + ending)).toEqual(readFileSync(theirs + ending));
    }
    expect(modeOf(`${ours}.secret`)).toBe(modeOf(`${theirs}.secret`));
  });

  it('are not taken for the other half: each side refuses the signature that would come of it', async () => {
    const { secretPath } = await generateKeyPair(join(tempFolder(), 'key'), SecretKey.generate());
    const dir = packageOf();

    rustFidiusOk('package', 'sign', dir, '--key', secretPath);

    expect(rustFidius('package', 'verify', dir, '--key', secretPath).exitCode).toBe(1);
  });
});

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}
