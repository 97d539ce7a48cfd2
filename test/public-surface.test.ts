import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from './support/markdown.ts';
import { tempFolder } from './support/temp-folder.ts';

/** Types that stand in a public signature and are not public themselves, and why. */
const exceptions: Record<string, string> = {
  Server: 'It is a class of the SDK of MCP, which exports it.',
  MethodCodec: 'defineInterface() makes it, and the library hands it on: nobody else holds one.',
};

/** Where the declarations are that the compiler makes for users, without what is `@internal`. */
let declarations: string;

beforeAll(() => {
  declarations = tempFolder();
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', declarations];
  execFileSync(process.execPath, [tsc, ...options], { cwd: root });
}, 60_000);

describe('the public surface', () => {
  it('exports every type that a public signature names, so that users can name it too', () => {
    const surface = publicNames();
    const unnamed = [...surface].flatMap(([key, exported]) =>
      namesIn(key)
        .filter((name) => !surface.has(name) && !Object.hasOwn(exceptions, name.slice(name.indexOf('#') + 1)))
        .map((name) => `${exported}: ${name}`),
    );

    expect(surface.size).toBeGreaterThan(80);
    expect(unnamed).toEqual([]);
  });
});

/** What the entries export: from the file and name where it is declared, such as `host/plugin#Plugin`, to its public name. */
function publicNames(): ReadonlyMap<string, string> {
  return new Map(
    ['index', 'packaging', 'testing', 'mcp'].flatMap((entry) =>
      importsOf(entry, /^export (?:type )?\{([^}]*)\} from '(\.[^']+)\.ts';/gm).map(
        ({ key, alias }) => [key, alias] as const,
      ),
    ),
  );
}

/** The exported types that the declaration of a name mentions. */
function namesIn(key: string): readonly string[] {
  const [file = '', name = ''] = key.split('#');
  const here = declarationsOf(file);
  const imported = new Map(
    importsOf(file, /^import (?:type )?\{([^}]*)\} from '(\.[^']+)\.ts';/gm).map((each) => [each.alias, each.key]),
  );
  const text = here.get(name) ?? '';
  const words = text.match(/\b[A-Z]\w*\b/g) ?? [];
  const inline = [...text.matchAll(/import\("(\.[^"]+)\.ts"\)\.(\w+)/g)];
  const mentioned = words.flatMap((word) => {
    const own = here.get(word)?.startsWith('export ') === true ? `${file}#${word}` : undefined;
    return imported.get(word) ?? own ?? [];
  });
  return [...new Set([...mentioned, ...inline.map(([, from = '', what = '']) => keyOf(file, from, what))])];
}

/** Names that a file gets from others. */
function importsOf(file: string, pattern: RegExp): readonly { readonly key: string; readonly alias: string }[] {
  return [...read(file).matchAll(pattern)].flatMap(([, names = '', from = '']) =>
    names
      .split(',')
      .map((each) => each.replace('type ', '').trim())
      .filter((each) => each !== '')
      .map((each) => {
        const [name = '', alias = name] = each.split(' as ');
        return { key: keyOf(file, from, name), alias };
      }),
  );
}

/** The declarations of a file by name; overloads of a function are one text. */
function declarationsOf(file: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of read(file).split(/^(?=(?:export|declare|interface|type)\b)/m)) {
    const pattern = /^(?:export )?(?:declare )?(?:abstract )?(?:interface|class|type|function|const) (\w+)/;
    const name = pattern.exec(part)?.[1];
    if (name !== undefined) found.set(name, `${found.get(name) ?? ''}${part}`);
  }
  return found;
}

function keyOf(from: string, target: string, name: string): string {
  return `${join(dirname(from), target)}#${name}`;
}

/** A file of declarations without its comments. */
function read(file: string): string {
  return readFileSync(join(declarations, `${file}.d.ts`), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\/\/.*$/gm, '');
}
