import { join, resolve } from 'node:path';
import { defineCommand } from '../../define-command.ts';
import { warn } from '../../output/messages.ts';
import { withProgress } from '../../output/progress.ts';
import { limitHints, limitOptions, toLimits } from '../../shared-options.ts';

/** `fidius package unpack`: unpacks an archive into a folder. */
export const packageUnpack = defineCommand({
  name: 'package unpack',
  summary: 'Unpack an archive into a new folder, completely or not at all',
  arguments: { archive: {} },
  options: {
    dest: { type: 'string', value: 'dir', help: 'Parent folder of the package folder (default: the current folder)' },
    force: { type: 'boolean', help: 'Replace the folder of that name even if it does not contain this package' },
    ...limitOptions,
  },
  json: true,
  hints: { ...limitHints, FIDIUS_ARCHIVE_OCCUPIED: 'Move that folder away, or replace it with --force.' },
  examples: [
    'fidius package unpack my-greeter-0.1.0.fid',
    'fidius package unpack my-greeter-0.1.0.fid --dest plugins --max-ratio 0',
  ],
  async run({ options, args: { archive } }, io) {
    const { dest = '.', force } = options;
    const { unpackPackage } = await import('../../../packaging/archive/unpack-package.ts');

    const { dir, manifest, isSigned, files, bytes } = await withProgress(
      io,
      `Unpacking ${archive}`,
      ({ report, signal }) =>
        unpackPackage(resolve(io.cwd, archive), resolve(io.cwd, dest), {
          ...toLimits(options),
          force,
          signal,
          onProgress: ({ position, archiveBytes }) => report({ step: 'writing', done: position, total: archiveBytes }),
        }),
    );
    if (!isSigned) warn(io, 'the package is not signed, so its author cannot be verified');
    const { name, version } = manifest;
    return {
      record: { path: dir, name, version, signed: isSigned, files, bytes },
      isReport: true,
      text: `Unpacked: ${join(dest, dir.slice(resolve(io.cwd, dest).length))}\n`,
    };
  },
});
