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
  keepNames: true,
  sourcemap: true,
  outdir: join(dist, 'bundle'),
  logLevel: 'warning',
} satisfies BuildOptions;

const workers = ['compress-worker', 'decompress-worker'].map((name) => join(dist, `packaging/bzip2/${name}.js`));

// Apart from each other: what two bundles share would be a third file, to be read by every start.
await build({ ...shared, entryPoints: [join(dist, 'index.js')], splitting: true });
await build({ ...shared, entryPoints: workers });
