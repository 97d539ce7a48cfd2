import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { HostDiscovery } from '../../host/host-discovery.ts';
import type { FoundPackage } from '../../packaging/discover-packages.ts';
import type { Command, OptionSpec } from '../command.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { withProgress } from '../progress.ts';
import { readArguments } from '../read-arguments.ts';

const options = { json: jsonOption } as const satisfies Record<string, OptionSpec>;

const about = { name: 'discover', usage: 'fidius discover <dir...> [options]' };

/** `fidius discover`: what a host would find in its search paths. */
export const discover: Command = {
  ...about,
  summary: 'List the packages that a host finds in folders, and those that it skips',
  options,
  examples: ['fidius discover plugins', 'fidius discover plugins more-plugins --json'],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['dir', '...dir?']);
    const { discoverForHost } = await import('../../host/host-discovery.ts');
    const { describeVendorConflict } = await import('../../packaging/vendor/vendor-conflicts.ts');

    const paths = positionals.map((path) => resolve(io.cwd, path));
    const missing = paths.find((path) => !existsSync(path));
    if (missing !== undefined) throw new FidiusError('FIDIUS_CLI_FOLDER', `There is no folder ${missing}`);
    for (const path of positionals) {
      if (existsSync(resolve(io.cwd, path, 'package.toml'))) io.stderr.write(isPackage(path));
    }
    const found = await withProgress(io, `Searching ${positionals.join(', ')}`, ({ signal }) =>
      discoverForHost(paths, { signal }),
    );
    const conflicts = found.vendorConflicts.map(describeVendorConflict);
    io.stdout.write(given.json === true ? toJson(recordOf(found)) : textOf(found, conflicts));
    return 0;
  },
};

/** What one reads who names a package in place of the folder around it. */
function isPackage(path: string): string {
  return `note: ${path} is itself a package; only the folders and archives in it are searched\n`;
}

function recordOf({ packages, skipped, duplicates, vendorConflicts }: HostDiscovery): object {
  return {
    packages,
    skipped: skipped.map(({ path, reason }) => ({
      path,
      code: 'code' in reason ? reason.code : undefined,
      message: reason.message,
    })),
    duplicates: duplicates.map(({ name, packages: same }) => ({ name, paths: same.map(({ path }) => path) })),
    vendorConflicts,
  };
}

function textOf(
  { packages, skipped, duplicates }: HostDiscovery,
  conflicts: readonly { readonly message: string; readonly hint: string }[],
): string {
  return [
    ...tableOf(packages),
    `${packages.length} ${packages.length === 1 ? 'package' : 'packages'} found, ${skipped.length} skipped`,
    ...skipped.map(({ path, reason }) => `skipped: ${path}\n  ${reason.message.replaceAll('\n', '\n  ')}`),
    ...duplicates.map(({ name, packages: same }) => {
      const places = same.map(({ path, manifest }) => `\n  ${manifest.version}  ${path}`);
      return `several packages are named ${name}:${places.join('')}`;
    }),
    ...conflicts.map(({ message, hint }) => `conflict: ${message}\n  ${hint}`),
    '',
  ].join('\n');
}

function tableOf(packages: readonly FoundPackage[]): string[] {
  const rows = packages.map(({ path, kind, manifest }) => [
    manifest.name,
    manifest.version,
    `${manifest.interface} (version ${manifest.interfaceVersion})`,
    manifest.runtime,
    kind === 'archive' ? basename(path) : '',
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
