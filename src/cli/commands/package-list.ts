import { resolve } from 'node:path';
import type { Command, OptionSpec } from '../command.ts';
import { formatSize } from '../format-size.ts';
import { toJson } from '../json.ts';
import { jsonOption } from '../json-option.ts';
import { limitHints, limitOptions, readLimits } from '../limit-options.ts';
import { withProgress } from '../progress.ts';
import { readArguments } from '../read-arguments.ts';
import { withHints } from '../with-hints.ts';

const options = { ...limitOptions, json: jsonOption } as const satisfies Record<string, OptionSpec>;

const about = { name: 'package list', usage: 'fidius package list <archive> [options]' };

interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly bytes: number;
  readonly executable: boolean;
}

/** `fidius package list`: what is in an archive, without unpacking it. */
export const packageList: Command = {
  ...about,
  summary: 'List the files of an archive, without unpacking it',
  options,
  examples: ['fidius package list my-greeter-0.1.0.fid', 'fidius package list my-greeter-0.1.0.fid --json'],
  async run(argv, io) {
    const { options: given, positionals } = readArguments(about, argv, options, ['archive']);
    const path = resolve(io.cwd, positionals[0] ?? '');
    const { readWholeArchive } = await import('../../packaging/archive/read-whole-archive.ts');
    const limits = readLimits(given);

    const entries: Entry[] = [];
    await withHints(limitHints, () =>
      withProgress(io, `Reading ${path}`, async ({ report, signal }) => {
        const onRead = (position: number, total: number) =>
          report(`Reading ${path}: ${formatSize(position)} of ${formatSize(total)}`);
        for await (const { parts, kind, size, isExecutable } of readWholeArchive(path, { ...limits, onRead, signal })) {
          entries.push({ path: parts.join('/'), kind, bytes: size, executable: isExecutable });
        }
      }),
    );
    const files = entries.filter(({ kind }) => kind === 'file');
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    io.stdout.write(
      given.json === true
        ? toJson({ path, entries, files: files.length, bytes })
        : textOf(entries, files.length, bytes),
    );
    return 0;
  },
};

function textOf(entries: readonly Entry[], files: number, bytes: number): string {
  const sizes = entries.map((entry) => (entry.kind === 'file' ? formatSize(entry.bytes) : ''));
  const width = Math.max(...sizes.map((size) => size.length));
  const lines = entries.map(({ path, kind }, index) => {
    return `${(sizes[index] ?? '').padStart(width)}  ${path}${kind === 'folder' ? '/' : ''}\n`;
  });
  return `${lines.join('')}${files} ${files === 1 ? 'file' : 'files'}, ${formatSize(bytes)}\n`;
}
