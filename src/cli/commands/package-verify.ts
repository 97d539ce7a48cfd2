import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { shown } from '../../errors/shown.ts';
import { SignatureError } from '../../errors/signature-error.ts';
import type { ArchiveLimits } from '../../packaging/archive/limits.ts';
import type { Manifest } from '../../packaging/manifest.ts';
import type { TrustOptions } from '../../packaging/signing/trust.ts';
import type { VerifiedPackage } from '../../packaging/signing/verify-package.ts';
import type { Command, OptionSpec } from '../command.ts';
import { factsText } from '../facts-text.ts';
import { formatSize } from '../format-size.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { limitHints, limitOptions, readLimits } from '../limit-options.ts';
import { type Watch, withProgress } from '../progress.ts';
import { readArguments } from '../read-arguments.ts';
import { namesTrust, readTrust, trustOptions } from '../trust-options.ts';
import { UsageError } from '../usage-error.ts';
import { withHints } from '../with-hints.ts';

const options = {
  ...trustOptions,
  name: { type: 'string', value: 'name', help: 'Name that the package must have (default: that of the archive file)' },
  version: { type: 'string', value: 'version', help: 'Version that the package must have' },
  ...limitOptions,
  json: jsonOption,
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'package verify', usage: 'fidius package verify <package> --key <file> [options]' };

/** `fidius package verify`: whether a package is what a trusted key signed. */
export const packageVerify: Command = {
  ...about,
  summary: 'Check that a package (a folder or an archive) is exactly what a trusted key signed',
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
      const expected = { name: given.name, version: given.version };
      const { digest, signedBy, manifest } = await withHints(limitHints, () =>
        withProgress(io, `Verifying ${typed}`, (watch) => verify(path, trust, { limits, expected, ...watch })),
      );
      const { name, version, interface: interfaceName } = manifest;
      const hex = digest.toString('hex');
      const key = { name: signedBy.name, keyId: signedBy.key.id };
      io.stdout.write(
        given.json === true
          ? toJson({ valid: true, path, name, version, interface: interfaceName, digest: hex, signedBy: key })
          : `Package signature valid: ${shown(typed)}\n${factsText([
              ['Name', name],
              ['Version', version],
              ['Interface', interfaceName],
              ['Digest', hex],
              ['Signed by', nameOf(signedBy)],
            ])}`,
      );
      return 0;
    } catch (error) {
      if (given.json === true && error instanceof SignatureError) {
        const { code, message, keys, differences, moreDifferences } = error;
        io.stdout.write(toJson({ valid: false, path, code, message, keys, differences, moreDifferences }));
      }
      throw error;
    }
  },
};

interface HowToVerify extends Watch {
  readonly limits: ArchiveLimits;
  readonly expected: { readonly name: string | undefined; readonly version: string | undefined };
}

async function verify(
  path: string,
  trust: TrustOptions,
  { limits, expected, report, signal }: HowToVerify,
): Promise<VerifiedPackage> {
  const isArchive = await stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
  const { requireExpected, verifyPackage } = await import('../../packaging/signing/verify-package.ts');
  if (!isArchive) return verifyPackage(path, { ...trust, ...expected, signal });

  const { PackageStore } = await import('../../packaging/store/package-store.ts');
  const { removeTree } = await import('../../packaging/remove-tree.ts');
  const scratch = await mkdtemp(join(tmpdir(), 'fidius-verify-'));
  try {
    const store = await PackageStore.open(scratch);
    const { digest, signedBy, manifest } = await store.addArchive(path, {
      ...trust,
      ...limits,
      signal,
      requireSignature: true,
      onProgress: ({ position, archiveBytes }) =>
        report(`Unpacking ${path}: ${formatSize(position)} of ${formatSize(archiveBytes)}`),
    });
    if (signedBy === undefined) throw new TypeError('A required signature was not checked');
    requireExpected(path, manifest, expected);
    if (expected.name === undefined) requireNamedLike(path, manifest);
    return { digest, signedBy, manifest };
  } finally {
    await removeTree(scratch);
  }
}

/** A genuine package under the name of another one is what somebody would use who cannot sign. */
function requireNamedLike(path: string, { name, version, extension }: Manifest): void {
  const file = basename(path);
  if ([name, `${name}-${version}`].some((stem) => [stem, `${stem}.${extension}`, `${stem}.fid`].includes(file))) return;
  const message = `Archive ${path} contains the package "${name}" ${version}, which does not match its file name`;
  throw new FidiusError('FIDIUS_PACKAGE_UNEXPECTED', message, {
    hint: 'Specify the expected package with --name.',
  });
}
