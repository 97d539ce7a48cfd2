import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A page of the project, `/`-separated and relative to the root: what its readers see. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/**
 * A fenced block. Its info string is the language, then words:
 *
 * - `file=plugins/greeter/greeter.py`: the file the reader is to put it in; other blocks of the page find it there. A file
 *   that the project has itself must be equal to it.
 * - `changed`: with a file of which the page has shown another content before. It replaces that content before the next `run`.
 * - `run`: run it, in the order of the page. A `text output` block after it is what it prints; `…` in it stands for any text.
 * - `no-run: the reason`, to the end of the line: it is not checked.
 */
export interface Block {
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  readonly file: string | undefined;
  readonly changed: boolean;
  readonly run: boolean;
  readonly noRun: string | undefined;
  /** Whether this is what the last `run` block before it prints. */
  readonly isOutput: boolean;
}

/** Pages outside `docs/`. Fragments of the changelog are not pages yet. */
const scattered = [
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'README.md',
  'SECURITY.md',
  'changes/README.md',
  'examples/data/SOURCE.md',
  'llms.txt',
  'packages/create-fidius/README.md',
  'python/README.md',
];

export function readPages(): readonly Page[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name).split(sep).join('/'));
  return [...scattered, ...docs].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

export function readBlocks(pages: readonly Page[] = readPages()): readonly Block[] {
  return pages.flatMap(blocksOf);
}

const fence = /^( *)```([^\n`]*)\n([\s\S]*?)^\1```$/gm;

function blocksOf({ path, text }: Page): Block[] {
  return [...text.matchAll(fence)].map((match) => {
    const [, indent = '', info = '', code = ''] = match;
    const [beforeReason = '', noRun] = info.split(/ no-run:? ?/);
    const [language = '', ...words] = beforeReason.split(' ').filter((word) => word !== '');
    return {
      page: path,
      line: text.slice(0, match.index).split('\n').length,
      language,
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      file: words.find((word) => word.startsWith('file='))?.slice('file='.length),
      changed: words.includes('changed'),
      run: words.includes('run'),
      noRun,
      isOutput: words.includes('output'),
    };
  });
}

/** Where a relative link of a page leads, without its anchor; relative to the root. */
export function resolveLink(page: string, link: string): string {
  return join(dirname(page), link.replace(/#.*$/, '')).split(sep).join('/');
}
