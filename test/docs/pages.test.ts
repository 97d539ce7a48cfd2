import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBlocks, readPages, resolveLink, root } from '../support/markdown.ts';
import { shellProblems } from '../support/shell-block.ts';

const pages = readPages();
const readme = readFileSync(join(root, 'README.md'), 'utf8');

describe('README.md', () => {
  it('begins with the two commands that a newcomer types', () => {
    const blocks = readBlocks([{ path: 'README.md', text: readme }]);

    expect(blocks.slice(0, 2).map(({ code }) => code)).toEqual(['npm ci && npm run demo\n', 'npm ci && npm test\n']);
  });

  it('shows examples/weather.ts as it is', () => {
    const [example] = readBlocks([{ path: 'README.md', text: readme }]).filter(({ language }) => language === 'ts');

    expect(example?.file).toBe('examples/weather.ts');
    expect(example?.code).toBe(readFileSync(join(root, 'examples/weather.ts'), 'utf8'));
  });

  it('fits one screen around an example of less than 40 lines', () => {
    const example = readFileSync(join(root, 'examples/weather.ts'), 'utf8').trimEnd().split('\n');

    expect(example.length).toBeLessThan(40);
    expect(readme.split('\n').length - example.length).toBeLessThan(60);
  });
});

describe('the pages', () => {
  it('link only to what is there', () => {
    const broken = pages.flatMap(({ path, text }) =>
      linksOf(text)
        .filter(isRelative)
        .filter((link) => !leadsSomewhere(path, link))
        .map((link) => `${path}: ${link}`),
    );

    expect(broken).toEqual([]);
  });

  it('can all be reached from README.md', () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      const text = pages.find((page) => page.path === path)?.text ?? '';
      const targets = linksOf(text)
        .filter(isRelative)
        .map((link) => resolveLink(path, link));
      for (const target of targets) for (const page of pagesAt(target)) visit(page);
    };
    visit('README.md');

    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });

  it('name no path of one machine', () => {
    const strays = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w.~}])\/(?:root|home|tmp|work|Users|var\/folders)\/\S*/g)].map(
        ([found]) => `${path}: ${found}`,
      ),
    );

    expect(strays).toEqual([]);
  });

  it('name only npm scripts and commands of fidius that exist', () => {
    const problems = pages.flatMap(({ path, text }) =>
      [...withoutBlocks(text).matchAll(/`((?:npm|npx|fidius) [^`<]+)/g)].flatMap(([, command = '']) =>
        shellProblems(command.replaceAll('\n', ' ')).map((problem) => `${path}: ${problem}`),
      ),
    );

    expect(problems).toEqual([]);
  });

  it('begin with a title', () => {
    const untitled = pages.filter(({ text }) => !/^(<!--.*-->\s+)?# \S/.test(text)).map(({ path }) => path);

    expect(untitled).toEqual([]);
  });
});

/** Targets of the links and pictures of a page, code left out. */
function linksOf(text: string): string[] {
  const prose = withoutBlocks(text).replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');
}

function isRelative(link: string): boolean {
  return !/^[a-z]+:/.test(link);
}

/** The page at a path; at that of a folder, all pages in it. */
function pagesAt(path: string): string[] {
  return pages
    .map((page) => page.path)
    .filter((each) => each === path || each.startsWith(`${path.replace(/\/$/, '')}/`));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : resolveLink(page, path);
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || anchorsOf(readFileSync(join(root, target), 'utf8')).includes(anchor);
}

/** The anchors of a page's headings, made as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}
