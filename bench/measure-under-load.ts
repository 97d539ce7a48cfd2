import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Unavailable } from './measured-contender.ts';
import type { Abort, BusyWay, UnderLoad } from './under-load-process.ts';

export interface Responsiveness {
  readonly contender: 'fidius-thread' | 'node-calls-python';
  readonly way: BusyWay | 'idle';
  readonly measured: UnderLoad | Unavailable;
}

/** The event loop and file access while sixteen plugins are busy, in each way that Python can be. */
export async function measureResponsiveness(): Promise<Responsiveness[]> {
  const rows: Responsiveness[] = [];
  for (const way of ['idle', 'sleep', 'spin', 'hold'] as const) {
    for (const contender of ['fidius-thread', 'node-calls-python'] as const) {
      rows.push({ contender, way, measured: await runInProcess<UnderLoad>(contender, way) });
    }
  }
  return rows;
}

/** Milliseconds from `abort()` until a loop in Python is known to have stopped. */
export async function measureAbort(): Promise<number | Unavailable> {
  const result = await runInProcess<Abort>('fidius-thread', 'abort');
  return result instanceof Unavailable ? result : result.medianMs;
}

async function runInProcess<Result>(contender: string, task: string): Promise<Result | Unavailable> {
  const file = fileURLToPath(new URL('./under-load-process.ts', import.meta.url));
  const child = fork(file, [contender, task], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.on('data', (data: Buffer) => (complaint += data.toString()));
  const ended = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: ended.signal }).then(([result]) => result as Result),
      once(child, 'exit', { signal: ended.signal }).then(() => {
        return new Unavailable(complaint.split('\n').find((line) => /^\w*Error: /.test(line)) ?? 'its process ended');
      }),
    ]);
  } finally {
    ended.abort();
    child.kill('SIGKILL');
  }
}
