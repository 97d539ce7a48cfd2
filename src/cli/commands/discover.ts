import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { HostDiscovery } from '../../host/load/select-packages.ts';
import type { FoundPackage } from '../../packaging/discover-packages.ts';
import { defineCommand } from '../define-command.ts';
import { note } from '../output/messages.ts';
import { withProgress } from '../output/progress.ts';
import { formatCount, formatTable } from '../output/text.ts';

/** `fidius discover`: lists the packages that a host would find in its search paths. */
export const discover = defineCommand({
  name: 'discover',
  summary: 'List the packages that a host finds in folders, and those that it skips',
  arguments: { dir: { variadic: true } },
  json: true,
  examples: ['fidius discover plugins', 'fidius discover plugins more-plugins --json'],
  async run({ args: { dir: folders } }, io) {
    const { discoverForHost } = await import('../../host/load/select-packages.ts');
    const { describeVendorConflict } = await import('../../packaging/vendor/vendor-conflicts.ts');

    const paths = folders.map((folder) => resolve(io.cwd, folder));
    const missing = paths.find((path) => !existsSync(path));
    if (missing !== undefined)
      throw new FidiusError('FIDIUS_CLI_FOLDER', `There is no folder ${missing}`, {
        hint: 'Correct the path, or create the folder.',
      });
    for (const folder of folders) {
      if (existsSync(resolve(io.cwd, folder, 'package.toml'))) note(io, packageNote(folder));
    }
    const found = await withProgress(io, `Searching ${folders.join(', ')}`, ({ signal }) =>
      discoverForHost(paths, { signal }),
    );
    const conflicts = found.vendorConflicts.map(describeVendorConflict);
    return { record: recordOf(found), text: textOf(found, conflicts) };
  },
});

/** The note for a path that is a package instead of a folder of packages. */
function packageNote(path: string): string {
  return `${path} is itself a package; only the folders and archives in it are searched`;
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
    `${formatCount(packages.length, 'package')} found, ${skipped.length} skipped`,
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
  return formatTable(rows);
}
