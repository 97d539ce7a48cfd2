import { join, resolve } from 'node:path';
import { defineCommand } from '../../define-command.ts';
import { withProgress } from '../../output/progress.ts';
import { byteCodeHints, byteCodeOptions } from '../../shared-options.ts';

/** `fidius package sign`: writes the signature of a package into it. */
export const packageSign = defineCommand({
  name: 'package sign',
  summary: 'Sign the files of a package',
  arguments: { dir: {} },
  options: {
    key: { type: 'path', value: 'file', required: true, help: 'Secret key to sign with' },
    ...byteCodeOptions,
  },
  json: true,
  hints: byteCodeHints,
  examples: ['fidius package sign my-greeter --key acme.secret'],
  async run({ options, args: { dir } }, io) {
    const { readSecretKey } = await import('../../../packaging/signing/key-files.ts');
    const { signPackage } = await import('../../../packaging/signing/sign-package.ts');
    const { signatureFileName } = await import('../../../packaging/signing/signature-files.ts');

    const key = await readSecretKey(options.key);
    const path = resolve(io.cwd, dir);
    const { digest, signedBy, files } = await withProgress(io, `Signing ${dir}`, ({ signal }) =>
      signPackage(path, { key, byteCode: options['byte-code'], signal }),
    );
    const signature = join(path, signatureFileName);
    return {
      record: { path, signature, digest: digest.toString('hex'), keyId: signedBy.id, files },
      isReport: true,
      text: `Signed package: ${dir} -> ${join(dir, signatureFileName)}\nKey id: ${signedBy.id}\n`,
    };
  },
});
