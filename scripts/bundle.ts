/**
 * Joins what `tsc` has written, many small files, into the few that are published: docs/decisions/bundled-entry.md.
 *
 * Usage: tsx scripts/bundle.ts [dist]
 */
import { join } from 'node:path';
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
} satisfies BuildOptions;

const workers = ['compress-worker', 'decompress-worker'].map((name) => join(dist, `packaging/bzip2/${name}.js`));

// The entries share their classes, hence their files: what both need is a chunk of its own.
const entries = ['index', 'packaging', 'testing'].map((name) => join(dist, `${name}.js`));
await build({ ...shared, entryPoints: entries, splitting: true });
// Each worker is one file: a chunk would be one more file to find at each start of a thread.
await build({ ...shared, entryPoints: workers });
