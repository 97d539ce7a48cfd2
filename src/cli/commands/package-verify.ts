import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SignatureError } from '../../errors/signature-error.ts';
import type { ArchiveLimits } from '../../packaging/archive/limits.ts';
import type { TrustOptions } from '../../packaging/signing/trust.ts';
import type { VerifiedPackage } from '../../packaging/signing/verify-package.ts';
import type { Command, OptionSpec } from '../command.ts';
import { formatSize } from '../format-size.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { limitHints, limitOptions, readLimits } from '../limit-options.ts';
import { type Watch, withProgress } from '../progress.ts';
import { readArguments } from '../read-arguments.ts';
import { namesTrust, readTrust, trustOptions } from '../trust-options.ts';
import { UsageError } from '../usage-error.ts';
import { withHints } from '../with-hints.ts';

const options = { ...trustOptions, ...limitOptions, json: jsonOption } as const satisfies Record<string, OptionSpec>;

const about = { name: 'package verify', usage: 'fidius package verify <package> --key <file> [options]' };

/** `fidius package verify`: whether a package is what a trusted key signed. */
export const packageVerify: Command = {
  ...about,
  summary: 'Check that a package, a folder or an archive, is exactly what a trusted key signed',
  options,
  examples: [
    'fidius package verify my-greeter --key acme.public',
    'fidius package verify my-greeter-0.1.0.fid --trust trusted-keys --json',
  ],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['package']);
    const [typed = ''] = positionals;
    if (!namesTrust(given))
      throw new UsageError('fidius package verify needs --key or --trust', `Usage: ${about.usage}`);
    const { nameOf } = await import('../../packaging/signing/trust-store.ts');

    const limits = readLimits(given);
    const trust = await readTrust(given, io.cwd);
    const path = resolve(io.cwd, typed);
    try {
      const { digest, signedBy } = await withHints(limitHints, () =>
        withProgress(io, `Verifying ${typed}`, (watch) => verify(path, trust, { limits, ...watch })),
      );
      const { name, key } = signedBy;
      io.stdout.write(
        given.json === true
          ? toJson({ valid: true, path, digest: digest.toString('hex'), signedBy: { name, keyId: key.id } })
          : `Package signature valid: ${typed}\nSigned by: ${nameOf(signedBy)}\n`,
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

interface HowToVerify extends Watch {
  readonly limits: ArchiveLimits;
}

async function verify(
  path: string,
  trust: TrustOptions,
  { limits, report, signal }: HowToVerify,
): Promise<VerifiedPackage> {
  const isArchive = await stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
  if (!isArchive)
    return (await import('../../packaging/signing/verify-package.ts')).verifyPackage(path, { ...trust, signal });

  const { PackageStore } = await import('../../packaging/store/package-store.ts');
  const { removeTree } = await import('../../packaging/files/remove-tree.ts');
  const scratch = await mkdtemp(join(tmpdir(), 'fidius-verify-'));
  try {
    const store = await PackageStore.open(scratch);
    const { digest, signedBy } = await store.addArchive(path, {
      ...trust,
      ...limits,
      signal,
      requireSignature: true,
      onProgress: ({ position, archiveBytes }) =>
        report(`Unpacking ${path}: ${formatSize(position)} of ${formatSize(archiveBytes)}`),
    });
    if (signedBy === undefined) throw new TypeError('A required signature was not looked at');
    return { digest, signedBy };
  } finally {
    await removeTree(scratch);
  }
}
