import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { libbzip2Code } from './libbzip2.ts';
import { startWorker } from './start-worker.ts';

// Each thread takes about 40 MB; beyond a few, reading the files is what takes the time.
const maxThreads = 4;

/** Threads that compress, started when there is work for them. */
export class CompressorThreads {
  readonly size = Math.min(availableParallelism(), maxThreads);
  readonly #all: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  /** Compresses to one bzip2 stream. The piece is given away. */
  async compress(piece: Uint8Array): Promise<Uint8Array> {
    const worker = await this.#take();
    try {
      return await ask(worker, piece);
    } finally {
      this.#giveBack(worker);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((worker) => worker.terminate()));
  }

  async #take(): Promise<Worker> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#all.length < this.size) {
      const worker = startWorker('compress-worker', libbzip2Code());
      this.#all.push(worker);
      return worker;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveBack(worker: Worker): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(worker);
    else next(worker);
  }
}

async function ask(worker: Worker, piece: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      action();
    };
    const onMessage = (stream: Uint8Array) => settle(() => resolve(stream));
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = () => settle(() => reject(new Error('The compressing thread ended')));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(piece, [piece.buffer as ArrayBuffer]);
  });
}
