/**
 * Joins the small files of `src` into the few that are published: docs/decisions/bundled-entry.md. The declarations are
 * those of `tsc`, of which only the ones that a user can reach remain.
 *
 * Usage: tsx scripts/bundle.ts [dist]
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { type SourceMap, thinSourceMap } from './thin-source-map.ts';

const [, , dist = 'dist'] = process.argv;
const types = join(dist, 'types');
const src = fileURLToPath(new URL('../src', import.meta.url));

const entryNames = ['index', 'packaging', 'testing', 'mcp'];

const shared = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['koffi', 'bzip2-wasm', 'semver', '@modelcontextprotocol/sdk'],
  outdir: join(dist, 'bundle'),
  logLevel: 'warning',
  write: false,
} satisfies BuildOptions;

// Names and lines of 120 columns remain. Indentation and comments would be a tenth of the package.
const compact = { ...shared, minifyWhitespace: true, minifySyntax: true, lineLimit: 120 } satisfies BuildOptions;
// The maps name the files and lines of the sources, and do not contain them: that would take a quarter of the package.
const mapped = { ...compact, sourcemap: true, sourcesContent: false } satisfies BuildOptions;

const workers = ['compress-worker', 'decompress-worker'].map((name) => join(src, `packaging/bzip2/${name}.ts`));

// The entries share their classes, hence their files: what both need is a chunk of its own.
await writeBundle({ ...mapped, entryPoints: entryNames.map((name) => join(src, `${name}.ts`)), splitting: true });
// Each worker is one file: a chunk would be one more file to find at each start of a thread.
await writeBundle({ ...shared, entryPoints: workers });
// Apart from the entries: if it shared their chunks, a program that imports an entry would read three times as many files.
// Without a map, which only helps to debug it.
const commandLine = { entryPoints: { cli: join(src, 'cli/main.ts') }, splitting: true };
await writeBundle({ ...compact, ...commandLine });
writeDeclarations();
for (const name of entryNames) writeCommonJs(name);

async function writeBundle(options: BuildOptions & { readonly write: false }): Promise<void> {
  const { outputFiles } = await build(options);
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith('.js') ? toAscii(restoreClassNames(text)) : thin(text));
  }
}

function thin(map: string): string {
  return JSON.stringify(thinSourceMap(JSON.parse(map) as SourceMap));
}

/**
 * Writes what `require()` gets: the same ES modules, so that a class exists once in a program that uses both.
 *
 * A test runner that has its own `require()`, such as jest, cannot read an ES module with it. Node's own can, and jest replaces
 * each way to it except the global object that Node created.
 */
function writeCommonJs(name: string): void {
  const code = `'use strict';
let loaded;
try {
  loaded = require('./${name}.js');
} catch (error) {
  const { process } = require('node:vm').runInThisContext('globalThis');
  if (typeof process.getBuiltinModule !== 'function') throw error;
  loaded = process.getBuiltinModule('module').createRequire(__filename)('./${name}.js');
}
module.exports = loaded;
`;
  writeFileSync(join(dist, `bundle/${name}.cjs`), code);
}

/**
 * Writes what `import` and `require()` have as types: the same declarations, so that a type exists once.
 *
 * TypeScript decides by the nearest package.json whether a declaration is of an ES module. CommonJS may not import one that is
 * (with `module: node16`), and an ES module may import both. Therefore the declarations of `tsc` count as CommonJS.
 */
function writeDeclarations(): void {
  writeFileSync(join(types, 'package.json'), '{ "type": "commonjs" }\n');
  for (const name of entryNames) {
    for (const format of ['mts', 'cts']) {
      writeFileSync(join(dist, `${name}.d.${format}`), `export * from './types/${name}.ts';\n`);
    }
  }

  // Most of them are of modules that no public signature names.
  const reachable = new Set<string>();
  const visit = (file: string): void => {
    if (reachable.has(file)) return;
    reachable.add(file);
    const code = readFileSync(file, 'utf8');
    for (const [, path = ''] of code.matchAll(/(?:from |import\(|import )['"](\.[^'"]+)\.ts['"]/g)) {
      visit(resolve(dirname(file), `${path}.d.ts`));
    }
  };
  for (const name of entryNames) visit(resolve(types, `${name}.d.ts`));
  for (const entry of readdirSync(types, { recursive: true, withFileTypes: true })) {
    const file = resolve(entry.parentPath, entry.name);
    if (entry.isFile() && file.endsWith('.d.ts') && !reachable.has(file)) rmSync(file);
  }
}

/**
 * Escapes all other characters: V8 stores and scans a file of ASCII as one byte per character, and any other file as two.
 * The escapes mean the same in strings and regular expressions, and nothing in comments, which esbuild keeps inside classes.
 */
function toAscii(code: string): string {
  return code.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Gives classes that refer to themselves their names back. esbuild writes `var FidiusError = class _FidiusError`, and messages
 * would show that name. Its option `keepNames` restores the names when the program runs, which took a tenth of the start.
 */
function restoreClassNames(code: string): string {
  let text = code;
  for (const [, name] of code.matchAll(/\b(\w+) ?= ?class _\1\b/g)) {
    if (name !== undefined) text = text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name);
  }
  return text;
}
