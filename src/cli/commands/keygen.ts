import { isAbsolute, relative, resolve } from 'node:path';
import { defineCommand } from '../define-command.ts';
import { inFolderOf } from '../output/make-folder.ts';

/** `fidius keygen`: creates a key pair for signing packages. */
export const keygen = defineCommand({
  name: 'keygen',
  summary: 'Create a key pair: a secret key that signs packages, and the public key that hosts trust',
  options: {
    out: { type: 'string', value: 'base', required: true, help: 'Path of the two files, without their extensions' },
    pem: { type: 'boolean', help: 'Write PEM text (PKCS#8 and SPKI) instead of 32 raw bytes' },
    force: { type: 'boolean', help: 'Replace existing files; the keys in them are lost' },
  },
  json: true,
  hints: { FIDIUS_KEY_EXISTS: 'Choose another name, or replace it with --force if the old key is no longer needed.' },
  examples: ['fidius keygen --out acme', 'fidius keygen --out acme --pem'],
  async run({ options: { out, pem, force } }, io) {
    const { SecretKey } = await import('../../packaging/signing/keys.ts');
    const { generateKeyPair } = await import('../../packaging/signing/key-files.ts');

    const key = SecretKey.generate();
    const format = pem ? 'pem' : 'raw';
    const { secretPath, publicPath } = await inFolderOf(resolve(io.cwd, out), () =>
      generateKeyPair(resolve(io.cwd, out), key, { format, force }),
    );
    const { id } = key.publicKey;
    const typed = (path: string) => (isAbsolute(out) ? path : relative(io.cwd, path));
    return {
      record: { secret: secretPath, public: publicPath, keyId: id },
      isReport: true,
      text: `Generated keypair:\n  Secret: ${typed(secretPath)}\n  Public: ${typed(publicPath)}\n  Key id: ${id}\n`,
    };
  },
});
