/**
 * Joins what `tsc` has written, many small files, into the few that are published: docs/decisions/bundled-entry.md.
 *
 * Usage: tsx scripts/bundle.ts [dist]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const [, , dist = 'dist'] = process.argv;

const shared = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['koffi', 'bzip2-wasm', 'semver'],
  sourcemap: true,
  outdir: join(dist, 'bundle'),
  logLevel: 'warning',
  write: false,
} satisfies BuildOptions;

const workers = ['compress-worker', 'decompress-worker'].map((name) => join(dist, `packaging/bzip2/${name}.js`));

// The entries share their classes, hence their files: what both need is a chunk of its own.
const entries = ['index', 'packaging', 'testing'].map((name) => join(dist, `${name}.js`));
await writeBundle({ ...shared, entryPoints: entries, splitting: true });
// Each worker is one file: a chunk would be one more file to find at each start of a thread.
await writeBundle({ ...shared, entryPoints: workers });

async function writeBundle(options: BuildOptions & { readonly write: false }): Promise<void> {
  const { outputFiles } = await build(options);
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith('.js') ? toAscii(restoreClassNames(text)) : text);
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
  for (const [, name] of code.matchAll(/\b(\w+) = class _\1\b/g)) {
    if (name !== undefined) text = text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name);
  }
  return text;
}
