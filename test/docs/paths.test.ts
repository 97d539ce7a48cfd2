import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPages, root } from '../support/markdown.ts';

/** The folders of the project whose paths are checked. */
const folders = ['bench', 'changes', 'docs', 'examples', 'python', 'runtime', 'scripts', 'src', 'test'];

/** The beginning of a path below one of these folders. `*` and `<name>` stand for any name. */
const named = new RegExp(String.raw`(?<![\w./*@~-])(?:${folders.join('|')})/[\w.*<>/-]*`, 'g');

/** The names of the files of the project, without their folders. */
const fileNames: ReadonlySet<string> = new Set(
  folders.flatMap((folder) => filesIn(folder).map((path) => path.slice(path.lastIndexOf('/') + 1))),
);

describe('a path that names a file of the project', () => {
  it.each([
    ['an existing file', 'see `src/index.ts`.', []],
    ['an existing folder', 'see src/host/load/.', []],
    ['a pattern', 'add src/cli/commands/<name>.ts, src/host/*.ts', []],
    ['a missing file', 'see src/index.tsx', ['src/index.tsx']],
    ['a missing folder', 'see `test/nowhere`.', ['test/nowhere']],
    ['a pattern without a match', 'see src/host/*.py', ['src/host/*.py']],
    ['the folder of another project', 'see other/src/nowhere.ts and ./src/nowhere.ts', []],
  ])('is found in a text with %s', (_what, text, missing) => {
    expect(missingPaths(text)).toEqual(missing);
  });

  it('exists if it is the name of a TypeScript file in a page about the code', () => {
    const about = readPages().filter(({ path }) => /^(?:ARCHITECTURE|CONTRIBUTING)|^docs\/decisions\//.test(path));
    const missing = about.flatMap(({ path, text }) =>
      [...text.matchAll(/`([\w.-]+\.ts)`/g)]
        .filter(([, name = '']) => !fileNames.has(name))
        .map(([, name]) => `${path}: ${name}`),
    );

    expect(about.length).toBeGreaterThan(2);
    expect(missing).toEqual([]);
  });

  it('exists if a page names it', () => {
    const missing = readPages()
      .filter(({ path }) => path !== 'CHANGELOG.md')
      .flatMap(({ path, text }) => missingPaths(text).map((found) => `${path}: ${found}`));

    expect(missing).toEqual([]);
  });

  it.each([
    ['src', '.ts', /\/\*[\s\S]*?\*\/|\/\/.*/g],
    ['runtime', '.py', /#.*|"""[\s\S]*?"""/g],
    ['python', '.py', /#.*|"""[\s\S]*?"""/g],
  ])('exists if a comment in %s names it', (folder, suffix, comment) => {
    const files = filesIn(folder).filter((file) => file.endsWith(suffix));
    const missing = files.flatMap((file) => {
      const comments = readFileSync(join(root, file), 'utf8').match(comment) ?? [];
      return missingPaths(comments.join('\n')).map((found) => `${file}: ${found}`);
    });

    expect(files).not.toEqual([]);
    expect(missing).toEqual([]);
  });
});

/** The paths in a text that do not exist. */
function missingPaths(text: string): readonly string[] {
  return [...text.matchAll(named)].map(([path]) => path.replace(/[.\->]+$/, '')).filter((path) => !exists(path));
}

function exists(path: string): boolean {
  const first = path.split('/').findIndex((part) => /[*<]/.test(part));
  if (first === -1) return existsSync(join(root, path));
  const parent = path.split('/').slice(0, first).join('/');
  if (!existsSync(join(root, parent)) || !statSync(join(root, parent)).isDirectory()) return false;
  const pattern = path.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/\*+|<[\w-]*>?/g, '.*');
  return filesIn(parent).some((file) => new RegExp(`^${pattern}`).test(file));
}

/** The files below a folder, `/`-separated and relative to the root of the project. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
    join(folder, name).split(sep).join('/'),
  );
}
