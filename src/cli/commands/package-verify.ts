import { resolve } from 'node:path';
import { SignatureError } from '../../errors/signature-error.ts';
import type { Command, OptionSpec } from '../command.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { readArguments } from '../read-arguments.ts';
import { namesTrust, readTrust, trustOptions } from '../trust-options.ts';
import { UsageError } from '../usage-error.ts';

const options = { ...trustOptions, json: jsonOption } as const satisfies Record<string, OptionSpec>;

const about = { name: 'package verify', usage: 'fidius package verify <dir> --key <file> [options]' };

/** `fidius package verify`: whether a package is what a trusted key signed. */
export const packageVerify: Command = {
  ...about,
  summary: 'Check that a package is exactly what a trusted key signed',
  options,
  examples: [
    'fidius package verify my-greeter --key acme.public',
    'fidius package verify my-greeter --trust trusted-keys --json',
  ],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['dir']);
    const [dir = ''] = positionals;
    if (!namesTrust(given))
      throw new UsageError('fidius package verify needs --key or --trust', `Usage: ${about.usage}`);
    const { verifyPackage } = await import('../../packaging/signing/verify-package.ts');
    const { nameOf } = await import('../../packaging/signing/trust-store.ts');

    const trust = await readTrust(given, io.cwd);
    const path = resolve(io.cwd, dir);
    try {
      const { digest, signedBy } = await verifyPackage(path, trust);
      const { name, key } = signedBy;
      io.stdout.write(
        given.json === true
          ? toJson({ valid: true, path, digest: digest.toString('hex'), signedBy: { name, keyId: key.id } })
          : `Package signature valid: ${dir}\nSigned by: ${nameOf(signedBy)}\n`,
      );
      return 0;
    } catch (error) {
      if (given.json === true && error instanceof SignatureError) {
        const { code, message, keys, differences } = error;
        io.stdout.write(toJson({ valid: false, path, code, message, keys, differences }));
      }
      throw error;
    }
  },
};
