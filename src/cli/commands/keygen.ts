import { isAbsolute, relative, resolve } from 'node:path';
import type { Command, OptionSpec } from '../command.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { readArguments } from '../read-arguments.ts';
import { withHints } from '../with-hints.ts';

const options = {
  out: { type: 'string', value: 'base', required: true, help: 'Path of the two files, without their extensions' },
  pem: { type: 'boolean', help: 'Write PEM text (PKCS#8 and SPKI) instead of 32 raw bytes' },
  force: { type: 'boolean', help: 'Replace existing files; the keys in them are lost' },
  json: jsonOption,
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'keygen', usage: 'fidius keygen --out <base> [options]' };

/** `fidius keygen`: a new key pair to sign packages with. */
export const keygen: Command = {
  ...about,
  summary: 'Create a key pair: a secret key that signs packages, and the public key that hosts trust',
  options,
  examples: ['fidius keygen --out acme', 'fidius keygen --out acme --pem'],
  async run(argv, io) {
    const { out, pem, force, json } = readArguments(about, argv, options).options;
    const { SecretKey } = await import('../../packaging/signing/secret-key.ts');
    const { writeKeyPair } = await import('../../packaging/signing/key-files.ts');

    const key = SecretKey.generate();
    const { secretPath, publicPath } = await withHints(
      { FIDIUS_KEY_EXISTS: 'Choose another name, or replace it with --force if the old key is no longer needed.' },
      () => writeKeyPair(resolve(io.cwd, out), key, { format: pem === true ? 'pem' : 'raw', force: force === true }),
    );
    const { id } = key.publicKey;
    const [secret, shared] = [secretPath, publicPath].map((path) => (isAbsolute(out) ? path : relative(io.cwd, path)));
    io.stdout.write(
      json === true
        ? toJson({ secret: secretPath, public: publicPath, keyId: id })
        : `Generated keypair:\n  Secret: ${secret}\n  Public: ${shared}\n  Key id: ${id}\n`,
    );
    return 0;
  },
};
