import { join, resolve } from 'node:path';
import type { Command, OptionSpec } from '../command.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { withProgress } from '../progress.ts';
import { readArguments } from '../read-arguments.ts';
import { withHints } from '../with-hints.ts';

const options = {
  key: { type: 'string', value: 'file', required: true, help: 'Secret key to sign with' },
  'byte-code': {
    type: 'string',
    value: 'what',
    choices: ['refuse', 'remove', 'keep'],
    help: 'Handling of __pycache__ folders: refuse (default), remove, keep',
  },
  json: jsonOption,
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'package sign', usage: 'fidius package sign <dir> --key <file> [options]' };

/** `fidius package sign`: writes the signature of a package into it. */
export const packageSign: Command = {
  ...about,
  summary: 'Sign the files of a package',
  options,
  examples: ['fidius package sign my-greeter --key acme.secret'],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['dir']);
    const [dir = ''] = positionals;
    const { readSecretKey } = await import('../../packaging/signing/key-files.ts');
    const { signPackage } = await import('../../packaging/signing/sign-package.ts');
    const { signatureFileName } = await import('../../packaging/signing/signature-files.ts');

    const key = await readSecretKey(resolve(io.cwd, given.key));
    const path = resolve(io.cwd, dir);
    const { digest, signedBy, files } = await withHints(
      { FIDIUS_PACKAGE_BYTE_CODE: 'Delete its `__pycache__` folders, or use --byte-code remove.' },
      () =>
        withProgress(io, `Signing ${dir}`, ({ signal }) =>
          signPackage(path, { key, byteCode: given['byte-code'], signal }),
        ),
    );
    const signature = join(dir, signatureFileName);
    io.stdout.write(
      given.json === true
        ? toJson({
            path,
            signature: join(path, signatureFileName),
            digest: digest.toString('hex'),
            keyId: signedBy.id,
            files,
          })
        : `Signed package: ${dir} -> ${signature}\nKey id: ${signedBy.id}\n`,
    );
    return 0;
  },
};
