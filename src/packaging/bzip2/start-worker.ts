import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/**
 * Starts one of the worker files of this folder.
 *
 * Compression keeps a processor busy for seconds; on the thread of the application nothing else would happen meanwhile.
 */
export function startWorker(name: 'compress-worker' | 'decompress-worker', workerData?: unknown): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL(`./${name}.js`, import.meta.url), { workerData });
  }
  // The sources themselves are running, as in tests and examples. A worker of Node 20 cannot begin with a TypeScript file,
  // not even with a loader, so it begins with a line that fetches both.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const loader = JSON.stringify(new URL('dist/esm/api/index.mjs', tsx));
  const entry = JSON.stringify(new URL(`./${name}.ts`, import.meta.url));
  const code = `import(${loader}).then((tsx) => { tsx.register(); return import(${entry}); })`;
  return new Worker(code, { eval: true, workerData });
}
