import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FuzzOutcome, FuzzTask } from './run-target.ts';

/** An input that takes longer is not waited for. */
const hangMs = 20_000;
const maxHeapMegabytes = 512;
const maxGrowthMegabytes = 1024;

/** Runs a target in a thread, which is ended when it hangs or takes too much memory. */
export async function runInThread(settings: Omit<FuzzTask, 'folder' | 'progress'>): Promise<FuzzOutcome> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-fuzz-')));
  const task = { ...settings, folder, progress: new SharedArrayBuffer(4) };
  const worker = startWorker(task);
  const watch = new Watch(task.progress);
  try {
    return await new Promise<FuzzOutcome>((resolve) => {
      const fail = (problem: string) => {
        const index = new Int32Array(task.progress)[0] ?? 0;
        resolve({ inputs: index - task.from, refused: 0, findings: [{ index, problem, input: Buffer.alloc(0) }] });
      };
      worker.once('message', resolve);
      worker.once('error', (error) => fail(String(error)));
      watch.start(fail);
    });
  } finally {
    watch.stop();
    await worker.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A worker of Node 20 cannot begin with a TypeScript file. */
function startWorker(workerData: FuzzTask): Worker {
  const [loader, entry] = [import.meta.resolve('tsx/esm/api'), new URL('worker.ts', import.meta.url).href];
  const code = `import(${JSON.stringify(loader)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(entry)}); })`;
  return new Worker(code, { eval: true, workerData, resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes } });
}

/** Looks from outside whether a thread goes on, and what memory the process takes. */
class Watch {
  readonly #progress: Int32Array;
  readonly #before = process.memoryUsage.rss();
  #timer: NodeJS.Timeout | undefined;

  constructor(progress: SharedArrayBuffer) {
    this.#progress = new Int32Array(progress);
  }

  start(fail: (problem: string) => void): void {
    let [last, since] = [-1, performance.now()];
    this.#timer = setInterval(() => {
      const now = Atomics.load(this.#progress, 0);
      if (now !== last) [last, since] = [now, performance.now()];
      else if (performance.now() - since > hangMs) fail(`did not end within ${hangMs / 1000} s`);
      const growth = (process.memoryUsage.rss() - this.#before) / 2 ** 20;
      if (growth > maxGrowthMegabytes) fail(`memory grew by ${growth.toFixed(0)} MiB`);
    }, 100);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
