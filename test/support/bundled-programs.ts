/**
 * Global setup of the test run: joins each program of `test/fixtures/programs/` with the sources it imports into one file.
 *
 * A program of two hundred TypeScript files takes half a second of processor time to begin, a single file of JavaScript a
 * tenth of that, and the tests start some hundreds of them.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Has `<program>.mjs` for `<program>.ts`; see `isolated.ts`. */
    programFolder: string;
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const programs = join(root, 'test/fixtures/programs');

/** A source finds its neighbours (the runtime, fixtures, workers) by its own place, which is not that of the bundle. */
const keepPlaces: Plugin = {
  name: 'keep-places',
  setup: (bundler) => {
    bundler.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path.includes('node_modules')) return undefined;
      const place = JSON.stringify(pathToFileURL(path).href);
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', place), loader: 'ts' };
    });
  },
};

export default async function bundlePrograms(project: TestProject): Promise<() => void> {
  // Inside the project, where its packages are found from.
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'fidius-test-programs-'));
  await bundle(folder);
  project.provide('programFolder', folder);
  project.onTestsRerun(() => bundle(folder));
  return () => rmSync(folder, { recursive: true, force: true });
}

async function bundle(folder: string): Promise<void> {
  const entryPoints = readdirSync(programs).filter(
    (file) => file.endsWith('.ts') && !importsAtItsRunTime(readFileSync(join(programs, file), 'utf8')),
  );
  await build({
    absWorkingDir: programs,
    entryPoints,
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    keepNames: true,
    sourcemap: true,
    outExtension: { '.js': '.mjs' },
    plugins: [keepPlaces],
    logLevel: 'warning',
  });
}

/** A program that imports TypeScript by a path that only its caller knows needs a loader. */
function importsAtItsRunTime(source: string): boolean {
  return /\bimport\(/.test(source);
}
