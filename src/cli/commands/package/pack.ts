import { basename, resolve } from 'node:path';
import type { PackedPackage, PackOptions } from '../../../packaging/archive/pack-package.ts';
import type { CommandIo } from '../../command-io.ts';
import { defineCommand } from '../../define-command.ts';
import { inFolderOf } from '../../output/make-folder.ts';
import { warn } from '../../output/messages.ts';
import { type ProgressContext, withProgress } from '../../output/progress.ts';
import { formatSize } from '../../output/text.ts';
import type { OptionDefinitions, ParsedArguments } from '../../parse-arguments.ts';
import { byteCodeHints, byteCodeOptions } from '../../shared-options.ts';
import { buildWarnings, listDistributions, toVendorOptions, vendorHints, vendorOptions } from './vendor-options.ts';

const options = {
  output: {
    type: 'string',
    value: 'path',
    help: 'Output file (default: <name>-<version>.<extension> in the current folder)',
  },
  key: { type: 'path', value: 'file', help: 'Sign the package with this secret key, after vendoring' },
  ...byteCodeOptions,
  'no-vendor': { type: 'boolean', help: 'Do not include the dependencies' },
  ...vendorOptions,
  'refresh-vendor': { type: 'boolean', help: 'Vendor again even if there is a vendor folder' },
} as const satisfies OptionDefinitions;

type Given = ParsedArguments<typeof options, Record<never, never>>['options'];

/** `fidius package pack`: writes a package as an archive. */
export const packagePack = defineCommand({
  name: 'package pack',
  summary: 'Vendor the dependencies of a package, sign it, and write it as an archive',
  arguments: { dir: {} },
  options,
  json: true,
  hints: {
    ...byteCodeHints,
    FIDIUS_SIGNATURE_STALE: 'Sign it again with --key, or delete package.sig and package.files.sig.',
    ...vendorHints,
    FIDIUS_ARCHIVE_OUTPUT_INSIDE: 'Choose another location with --output.',
  },
  examples: [
    'fidius package pack my-greeter',
    'fidius package pack my-greeter --key acme.secret --output dist/my-greeter.fid',
    'fidius package pack my-greeter --wheels wheels --require-hashes',
  ],
  async run({ options: given, args: { dir } }, io) {
    const path = resolve(io.cwd, dir);
    const { packPackage } = await import('../../../packaging/archive/pack-package.ts');

    const packOptions = await toPackOptions(path, given, io);
    const pack = ({ report, signal }: ProgressContext) =>
      packPackage(path, {
        ...packOptions,
        signal,
        vendor: packOptions.vendor && {
          ...packOptions.vendor,
          onProgress: ({ phase, done, total }) =>
            report({ step: `vendoring, ${phase}`, done, total, unit: 'packages' }),
        },
        onProgress: ({ files, totalFiles }) =>
          report({ step: 'writing', done: files - 1, total: totalFiles, unit: 'files' }),
      });
    const packed = await inFolderOf(packOptions.output, () => withProgress(io, `Packing ${dir}`, pack));
    for (const warning of warningsOf(packed)) warn(io, warning);
    return { record: recordOf(packed), isReport: true, text: textOf(packed, given) };
  },
});

async function toPackOptions(
  path: string,
  given: Given,
  io: CommandIo,
): Promise<PackOptions & { readonly output: string }> {
  const { readManifest } = await import('../../../packaging/manifest/manifest.ts');
  const { archiveFileName } = await import('../../../packaging/manifest/package-name.ts');
  const { readSecretKey } = await import('../../../packaging/signing/key-files.ts');
  return {
    output: resolve(io.cwd, given.output ?? archiveFileName(readManifest(path))),
    key: given.key === undefined ? undefined : await readSecretKey(given.key),
    byteCode: given['byte-code'],
    vendor: given['no-vendor'] ? false : await toVendorOptions(path, given, given['refresh-vendor'], io),
  };
}

function warningsOf({ signature, uncoveredFiles, warnings, vendored }: PackedPackage): string[] {
  return [
    ...buildWarnings(vendored),
    ...(signature === 'none' ? ['the package is not signed, so its author cannot be verified'] : []),
    ...(signature === 'keptUnchecked' ? ['package.sig was packed without being verified; it may be invalid'] : []),
    ...uncoveredFiles.map((path) => `${path} is not covered by the signature, because its name ends in .sig`),
    ...warnings,
  ];
}

function recordOf({ archive, manifest, digest, vendored, ...facts }: PackedPackage): object {
  const { name, version } = manifest;
  return { archive, name, version, digest: digest.toString('hex'), vendored, ...facts };
}

function textOf({ archive, archiveBytes, vendored }: PackedPackage, { output }: Given): string {
  const line = vendored?.status === 'vendored' ? `Vendored: ${listDistributions(vendored)}\n` : '';
  return `${line}Packed: ${output ?? basename(archive)} (${formatSize(archiveBytes)})\n`;
}
