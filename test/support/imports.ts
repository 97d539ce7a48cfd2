import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../../src', import.meta.url));

export interface Import {
  /** The importing file, relative to `src`, with `/`. */
  readonly file: string;
  /** A file relative to `src`, or the name of a package or of a module of Node. */
  readonly target: string;
  /** Whether the whole statement is gone after compilation: `import type`. */
  readonly typeOnly: boolean;
}

/** Every source file, relative to `src`, sorted. */
export function sourceFiles(): readonly string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
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
  return own.flatMap((file) => importsOf(file, readSource(file)));
}

// The formatter writes every import in one of these forms, quotes included; that makes expressions enough for a parser.
const statement = /^(?:import|export) (type )?(?:[^;']*? from )?'([^']+)'/gm;
const dynamic = /\bimport\('([^']+)'\)/g;

function importsOf(file: string, source: string): Import[] {
  const found: Import[] = [];
  for (const [, type, specifier = ''] of source.matchAll(statement)) {
    found.push({ file, target: resolve(file, specifier), typeOnly: type !== undefined });
  }
  for (const [, specifier = ''] of source.matchAll(dynamic)) {
    found.push({ file, target: resolve(file, specifier), typeOnly: false });
  }
  return found;
}

function resolve(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return relative(src, join(src, dirname(file), specifier))
    .split(sep)
    .join('/');
}
