import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair, type PublicKey, type SecretKey } from '../../src/packaging.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { type Outcome, rustFidius, rustFidiusOk } from './reference.ts';

/** Signs a package with the Rust tool. */
export async function rustSign(dir: string, key: SecretKey): Promise<void> {
  const { secretPath } = await generateKeyPair(join(tempFolder('keys'), 'key'), key);
  rustFidiusOk('package', 'sign', dir, '--key', secretPath);
}

/** Verifies a package with the Rust tool: 0 when the signature is valid, 1 when not. */
export function rustVerify(dir: string, key: PublicKey): Outcome {
  const publicPath = join(tempFolder('keys'), 'key.public');
  writeFileSync(publicPath, key.bytes);
  return rustFidius('package', 'verify', dir, '--key', publicPath);
}
