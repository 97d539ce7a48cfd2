import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { FidiusError } from '../../../errors/fidius-error.ts';
import { SignatureError } from '../../../errors/package-errors.ts';
import { shown } from '../../../errors/shown.ts';
import type { ArchiveLimits } from '../../../packaging/archive/limits.ts';
import type { Manifest } from '../../../packaging/manifest/manifest.ts';
import type { TrustOptions } from '../../../packaging/signing/trust.ts';
import type { VerifiedPackage } from '../../../packaging/signing/verify-package.ts';
import { defineCommand } from '../../define-command.ts';
import { type ProgressContext, withProgress } from '../../output/progress.ts';
import { formatFields } from '../../output/text.ts';
import { limitHints, limitOptions, readTrust, toLimits, trustOptions } from '../../shared-options.ts';

/** `fidius package verify`: checks that a package is exactly what a trusted key signed. */
export const packageVerify = defineCommand({
  name: 'package verify',
  summary: 'Check that a package (a folder or an archive) is exactly what a trusted key signed',
  arguments: { package: {} },
  options: {
    ...trustOptions,
    name: {
      type: 'string',
      value: 'name',
      help: 'Name that the package must have (default: that of the archive file)',
    },
    version: { type: 'string', value: 'version', help: 'Version that the package must have' },
    ...limitOptions,
  },
  needsOneOf: ['key', 'trust'],
  json: true,
  hints: limitHints,
  examples: [
    'fidius package verify my-greeter --key acme.public',
    'fidius package verify my-greeter-0.1.0.fid --trust trusted-keys --json',
  ],
  async run({ options, args }, io) {
    const { nameOf } = await import('../../../packaging/signing/trust-store.ts');

    const trust = await readTrust(options);
    const path = resolve(io.cwd, args.package);
    try {
      const expected = { name: options.name, version: options.version };
      const { digest, signedBy, manifest } = await withProgress(io, `Verifying ${args.package}`, (context) =>
        verify(path, trust, { limits: toLimits(options), expected, ...context }),
      );
      const { name, version, interface: interfaceName } = manifest;
      const hex = digest.toString('hex');
      const key = { name: signedBy.name, keyId: signedBy.key.id };
      return {
        record: { valid: true, path, name, version, interface: interfaceName, digest: hex, signedBy: key },
        text: `Package signature valid: ${shown(args.package)}\n${formatFields([
          ['Name', name],
          ['Version', version],
          ['Interface', interfaceName],
          ['Digest', hex],
          ['Signed by', nameOf(signedBy)],
        ])}`,
      };
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      const { code, message, differences, moreDifferences } = error;
      const keys = error.keys.map(({ name, id }) => ({ name, id }));
      return { record: { valid: false, path, code, message, keys, differences, moreDifferences }, error };
    }
  },
});

interface VerifyOptions extends ProgressContext {
  readonly limits: ArchiveLimits;
  readonly expected: { readonly name: string | undefined; readonly version: string | undefined };
}

async function verify(
  path: string,
  trust: TrustOptions,
  { limits, expected, report, signal }: VerifyOptions,
): Promise<VerifiedPackage> {
  const isArchive = await stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
  const { requireExpected, verifyPackage } = await import('../../../packaging/signing/verify-package.ts');
  if (!isArchive) return verifyPackage(path, { ...trust, ...expected, signal });

  const { PackageStore } = await import('../../../packaging/store/package-store.ts');
  const { removeTree } = await import('../../../packaging/files/remove-tree.ts');
  const scratch = await mkdtemp(join(tmpdir(), 'fidius-verify-'));
  try {
    const store = await PackageStore.open(scratch);
    const { digest, signedBy, manifest } = await store.addArchive(path, {
      ...trust,
      ...limits,
      signal,
      requireSignature: true,
      onProgress: ({ position, archiveBytes }) => report({ step: 'unpacking', done: position, total: archiveBytes }),
    });
    if (signedBy === undefined) throw new TypeError('A required signature was not checked');
    requireExpected(path, manifest, expected);
    if (expected.name === undefined) requireNamedLike(path, manifest);
    return { digest, signedBy, manifest };
  } finally {
    await removeTree(scratch);
  }
}

/** An attacker who cannot sign could use a genuine package in place of another one. */
function requireNamedLike(path: string, { name, version, extension }: Manifest): void {
  const file = basename(path);
  if ([name, `${name}-${version}`].some((stem) => [stem, `${stem}.${extension}`, `${stem}.fid`].includes(file))) return;
  const message = `Archive ${path} contains the package "${name}" ${version}, which does not match its file name`;
  throw new FidiusError('FIDIUS_PACKAGE_UNEXPECTED', message, {
    hint: 'Specify the expected package with --name.',
  });
}
