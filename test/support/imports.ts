import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const src = join(root, 'src');

export interface Import {
  /** The importing file, relative to `src`, with `/`. */
  readonly file: string;
  /** A file relative to `src`, or the name of a package or of a module of Node. */
  readonly target: string;
  /** Whether the whole statement is gone after compilation: `import type`. */
  readonly typeOnly: boolean;
  /** Whether it is read when the statement runs: `import()`. */
  readonly onDemand: boolean;
}

/** Every source file, relative to `src`, sorted. */
export function sourceFiles(): readonly string[] {
  return typeScriptIn(src);
}

/** Every TypeScript file of the tests, relative to the root of the project, sorted. */
export function testFiles(): readonly string[] {
  return typeScriptIn(join(root, 'test')).map((file) => `test/${file}`);
}

function typeScriptIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.split(sep).join('/'))
    .sort();
}

export function readSource(file: string): string {
  return readFileSync(join(src, file), 'utf8');
}

/** What the source files import and re-export, dynamic imports of plain strings included. */
export function sourceImports(): readonly Import[] {
  // The texts of `fidius init` are programs of their own, with imports of their own.
  const own = sourceFiles().filter((file) => !/^cli\/init\/templates\.ts$/.test(file));
  return own.flatMap((file) => importsOf(src, file, readSource(file)));
}

/** What the files of the tests import, mocked modules included; files and targets are relative to the root. */
export function testImports(): readonly Import[] {
  return testFiles().flatMap((file) => importsOf(root, file, readFileSync(join(root, file), 'utf8')));
}

// The formatter writes every import in one of these forms, quotes included; that makes expressions enough for a parser.
const statement = /^(?:import|export) (type )?(?:[^;']*? from )?'([^']+)'/gm;
const dynamic = /\b(?:import|vi\.(?:mock|doMock|importActual))(?:<[^>]*>)?\(\s*'([^']+)'/g;

function importsOf(base: string, file: string, source: string): Import[] {
  const found: Import[] = [];
  for (const [, type, specifier = ''] of source.matchAll(statement)) {
    found.push({ file, target: resolve(base, file, specifier), typeOnly: type !== undefined, onDemand: false });
  }
  for (const [, specifier = ''] of source.matchAll(dynamic)) {
    found.push({ file, target: resolve(base, file, specifier), typeOnly: false, onDemand: true });
  }
  return found;
}

function resolve(base: string, file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return relative(base, join(base, dirname(file), specifier))
    .split(sep)
    .join('/');
}
