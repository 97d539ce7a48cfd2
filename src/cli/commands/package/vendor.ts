import { join, resolve } from 'node:path';
import type { VendorOutcome } from '../../../packaging/vendor/vendor-dependencies.ts';
import { defineCommand } from '../../define-command.ts';
import { withProgress } from '../../output/progress.ts';
import { buildWarnings, listDistributions, toVendorOptions, vendorHints, vendorOptions } from './vendor-options.ts';

/** `fidius package vendor`: installs the dependencies of a package into it, without packing it. */
export const packageVendor = defineCommand({
  name: 'package vendor',
  summary: 'Install the dependencies of a package into its folder vendor',
  arguments: { dir: {} },
  options: {
    ...vendorOptions,
    refresh: { type: 'boolean', help: 'Vendor again even if nothing changed, or if another tool made the folder' },
  },
  json: true,
  hints: vendorHints,
  examples: [
    'fidius package vendor my-greeter',
    'fidius package vendor my-greeter --python .venv',
    'fidius package vendor my-greeter --requirements requirements-dev.txt --refresh',
  ],
  async run({ options: given, args: { dir } }, io) {
    const path = resolve(io.cwd, dir);
    const { readManifest } = await import('../../../packaging/manifest/manifest.ts');
    const { vendorDependencies } = await import('../../../packaging/vendor/vendor-dependencies.ts');
    const { readSignature } = await import('../../../packaging/signing/verify-package.ts');

    const manifest = readManifest(path);
    const options = await toVendorOptions(path, given, given.refresh ? true : 'changed', io);
    const outcome = await withProgress(io, `Vendoring the dependencies of ${dir}`, ({ signal }) =>
      vendorDependencies(path, { ...options, signal }),
    );
    for (const warning of buildWarnings(outcome)) io.stderr.write(`warning: ${warning}\n`);
    if (outcome.status === 'vendored' && (await readSignature(path)) !== undefined) {
      io.stderr.write('warning: the signature of the package is no longer valid; sign it again\n');
    }
    const { name, version } = manifest;
    const requirements = manifest.runtime === 'python' ? manifest.python.requirements : undefined;
    return { record: { path, name, version, ...outcome }, text: textOf(dir, requirements, outcome) };
  },
});

function textOf(dir: string, requirements: string | undefined, outcome: VendorOutcome): string {
  const folder = join(dir, 'vendor');
  switch (outcome.status) {
    case 'vendored':
      return `Vendored: ${listDistributions(outcome)}\n`;
    case 'kept':
      return `Unchanged: ${folder} (${listDistributions(outcome)}); --refresh vendors again\n`;
    case 'nothing':
      return requirements === undefined
        ? `Nothing to vendor: ${dir} is not a Python package\n`
        : `Nothing to vendor: ${dir} has no ${requirements}; write its dependencies into this file\n`;
  }
}
