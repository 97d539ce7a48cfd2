import { join, resolve } from 'node:path';
import type { Command, OptionSpec } from '../command.ts';
import { formatSize } from '../format-size.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { limitHints, limitOptions, readLimits } from '../limit-options.ts';
import { withProgress } from '../progress.ts';
import { readArguments } from '../read-arguments.ts';
import { withHints } from '../with-hints.ts';

const options = {
  dest: { type: 'string', value: 'dir', help: 'Parent folder of the package folder (default: the current folder)' },
  force: { type: 'boolean', help: 'Replace the folder of that name even if it does not contain this package' },
  ...limitOptions,
  json: jsonOption,
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'package unpack', usage: 'fidius package unpack <archive> [options]' };

const hints = {
  ...limitHints,
  FIDIUS_ARCHIVE_OCCUPIED: 'Move that folder away, or replace it with --force.',
};

/** `fidius package unpack`: makes a folder of an archive. */
export const packageUnpack: Command = {
  ...about,
  summary: 'Unpack an archive into a new folder, completely or not at all',
  options,
  examples: [
    'fidius package unpack my-greeter-0.1.0.fid',
    'fidius package unpack my-greeter-0.1.0.fid --dest plugins --max-ratio 0',
  ],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['archive']);
    const [archive = ''] = positionals;
    const dest = given.dest ?? '.';
    const { unpackPackage } = await import('../../packaging/archive/unpack-package.ts');
    const limits = readLimits(given);

    const { dir, manifest, isSigned, files, bytes } = await withHints(hints, () =>
      withProgress(io, `Unpacking ${archive}`, ({ report, signal }) =>
        unpackPackage(resolve(io.cwd, archive), resolve(io.cwd, dest), {
          ...limits,
          force: given.force,
          signal,
          onProgress: ({ position, archiveBytes, files: done }) =>
            report(`Unpacking ${archive}: ${formatSize(position)} of ${formatSize(archiveBytes)}, ${done} files`),
        }),
      ),
    );
    if (!isSigned) io.stderr.write('warning: the package is not signed, so its author cannot be verified\n');
    const { name, version } = manifest;
    io.stdout.write(
      given.json === true
        ? toJson({ path: dir, name, version, signed: isSigned, files, bytes })
        : `Unpacked: ${join(dest, dir.slice(resolve(io.cwd, dest).length))}\n`,
    );
    return 0;
  },
};
