import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/**
 * Flags such as `--input-type`, which is an error for a worker that begins with a file, and `--import`, whose program is not
 * meant to run once more for each thread of ours, are the application's. So is the environment, `NODE_OPTIONS` in it.
 */
const nothingInherited = { execArgv: [], env: {} };

/**
 * Starts one of the worker files of this folder.
 *
 * Compression keeps a processor busy for seconds; on the thread of the application nothing else would happen meanwhile.
 */
export function startWorker(name: 'compress-worker' | 'decompress-worker', workerData?: unknown): Worker {
  const options = { ...nothingInherited, workerData };
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL(`./${name}.js`, import.meta.url), options);
  }
  // The sources themselves are running, as in tests and examples. A worker of Node 20 cannot begin with a TypeScript file,
  // not even with a loader, so it begins with a line that fetches both.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const loader = JSON.stringify(new URL('dist/esm/api/index.mjs', tsx));
  const entry = JSON.stringify(new URL(`./${name}.ts`, import.meta.url));
  const code = `import(${loader}).then((tsx) => { tsx.register(); return import(${entry}); })`;
  return new Worker(code, { ...options, eval: true });
}
