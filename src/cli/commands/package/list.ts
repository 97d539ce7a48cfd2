import { resolve } from 'node:path';
import { defineCommand } from '../../define-command.ts';
import { withProgress } from '../../output/progress.ts';
import { formatCount, formatSize } from '../../output/text.ts';
import { limitHints, limitOptions, toLimits } from '../../shared-options.ts';

interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly bytes: number;
  readonly executable: boolean;
}

/** `fidius package list`: lists the content of an archive without unpacking it. */
export const packageList = defineCommand({
  name: 'package list',
  summary: 'List the files of an archive, without unpacking it',
  arguments: { archive: {} },
  options: limitOptions,
  json: true,
  hints: limitHints,
  examples: ['fidius package list my-greeter-0.1.0.fid', 'fidius package list my-greeter-0.1.0.fid --json'],
  async run({ options, args }, io) {
    const path = resolve(io.cwd, args.archive);
    const { readWholeArchive } = await import('../../../packaging/archive/read-archive.ts');

    const entries: Entry[] = [];
    await withProgress(io, `Reading ${path}`, async ({ report, signal }) => {
      const onRead = (position: number, total: number) => report({ step: 'decompressing', done: position, total });
      const content = readWholeArchive(path, { ...toLimits(options), onRead, signal });
      for await (const { parts, kind, size, isExecutable } of content) {
        entries.push({ path: parts.join('/'), kind, bytes: size, executable: isExecutable });
      }
    });
    const files = entries.filter(({ kind }) => kind === 'file');
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return { record: { path, entries, files: files.length, bytes }, text: textOf(entries, files.length, bytes) };
  },
});

function textOf(entries: readonly Entry[], files: number, bytes: number): string {
  const sizes = entries.map((entry) => (entry.kind === 'file' ? formatSize(entry.bytes) : ''));
  const width = Math.max(...sizes.map((size) => size.length));
  const lines = entries.map(({ path, kind }, index) => {
    return `${(sizes[index] ?? '').padStart(width)}  ${path}${kind === 'folder' ? '/' : ''}\n`;
  });
  return `${lines.join('')}${formatCount(files, 'file')}, ${formatSize(bytes)}\n`;
}
