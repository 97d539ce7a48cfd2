import os from 'node:os';
import type { Worker } from 'node:worker_threads';
import { isDenied } from '../../node/permission.ts';
import { CooperativeYield } from '../files/cooperative-yield.ts';
import { bytesPerLevel } from './format.ts';
import { Libbzip2, libbzip2Code } from './libbzip2.ts';
import { startWorker } from './start-worker.ts';
import { StreamWriter, takeSingleBlock } from './stream-writer.ts';

/** Compressing so little takes less time than starting a thread. */
const smallPieceBytes = 64 * 1024;

/**
 * Compresses to a single bzip2 stream of level 9, on several threads where this process may have them: the very bytes that the program `bzip2 -9` writes,
 * however many threads there are.
 */
export async function* compressBzip2(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const threads = isDenied('worker') ? new InThreadCompressor() : new WorkerCompressor();
  const cutter = new BlockCutter();
  const stream = new StreamWriter();
  const inWork: Promise<Uint8Array>[] = [];
  const addOldest = async () => {
    const compressed = await inWork.shift();
    if (compressed !== undefined) stream.add(takeSingleBlock(compressed));
    return stream.takeBytes();
  };

  try {
    for await (const bytes of source) {
      for (const piece of cutter.push(bytes)) {
        inWork.push(markHandled(threads.compress(piece)));
        if (inWork.length > threads.size) yield await addOldest();
      }
    }
    const last = cutter.finish();
    if (last !== undefined && inWork.length === 0 && last.length <= smallPieceBytes) {
      stream.add(takeSingleBlock(new Libbzip2().compress(last)));
    } else if (last !== undefined) {
      inWork.push(markHandled(threads.compress(last)));
    }
    while (inWork.length > 0) yield await addOldest();
    stream.finish();
    yield stream.takeBytes();
  } finally {
    await threads.close();
  }
}

/** The promise is awaited later. Until then, a rejection must not count as unhandled. */
function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Compresses on this thread, if threads are not permitted. Yields to the event loop between two pieces. */
class InThreadCompressor {
  readonly size = 1;
  readonly #libbzip2 = new Libbzip2();
  readonly #yielding = new CooperativeYield();

  async compress(piece: Uint8Array): Promise<Uint8Array> {
    await this.#yielding.pause();
    return this.#libbzip2.compress(piece);
  }

  async close(): Promise<void> {}
}

// Each thread takes about 40 MB; beyond a few, reading the files is what takes the time.
const maxThreads = 4;

/** Compresses on worker threads, which are started on demand. */
class WorkerCompressor {
  readonly size = Math.min(os.availableParallelism(), maxThreads);
  readonly #all: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  /** Compresses to one bzip2 stream. The piece is given away. */
  async compress(piece: Uint8Array): Promise<Uint8Array> {
    const worker = await this.#take();
    try {
      return await request(worker, piece);
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

async function request(worker: Worker, piece: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const finish = (action: () => void) => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      action();
    };
    const onMessage = (stream: Uint8Array) => finish(() => resolve(stream));
    const onError = (error: Error) => finish(() => reject(error));
    const onExit = () => finish(() => reject(new Error('The compressing thread ended')));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(piece, [piece.buffer as ArrayBuffer]);
  });
}

const longestRun = 255;
/** libbzip2 closes a block of level 9 when it holds this much; the run it is in then goes into the next one. */
const fullLength = 9 * bytesPerLevel - 19;
/** Runs shrink to a fiftieth before they are put into a block; this bounds what a block is made from. */
const maxSourceBytes = 8 * 1024 * 1024;

/**
 * Cuts data where libbzip2 begins a new block, so that each piece can be compressed on its own.
 *
 * A block counts what is left of the data once runs are shortened: four equal bytes are followed by the number of further
 * ones.
 */
class BlockCutter {
  #pieces: Uint8Array[] = [];
  #sourceBytes = 0;
  /** Length of the block so far, without the run at its end. */
  #length = 0;
  #byte = -1;
  #run = 0;

  /** Takes bytes, which may change afterwards, and gives each piece that they complete. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    let rest = bytes;
    while (rest.length > 0) {
      const taken = this.#measure(rest);
      // A copy, which `slice` of a Buffer would not be.
      this.#pieces.push(new Uint8Array(rest.subarray(0, taken)));
      this.#sourceBytes += taken;
      rest = rest.subarray(taken);
      if (rest.length > 0) yield this.#takePiece();
    }
  }

  /** Gives the last piece, if anything is left for it. */
  finish(): Uint8Array | undefined {
    return this.#sourceBytes > 0 ? join(this.#pieces) : undefined;
  }

  /** Returns how many of the bytes still go into the block. */
  #measure(bytes: Uint8Array): number {
    const end = Math.min(bytes.length, maxSourceBytes - this.#sourceBytes);
    let [length, current, run] = [this.#length, this.#byte, this.#run];
    let index = 0;
    for (; index < end && length < fullLength; index += 1) {
      const byte = bytes[index] as number;
      if (byte === current && run < longestRun) {
        run += 1;
      } else {
        length += shortened(run);
        current = byte;
        run = 1;
      }
    }
    [this.#length, this.#byte, this.#run] = [length, current, run];
    return index;
  }

  #takePiece(): Uint8Array {
    const all = join(this.#pieces);
    this.#pieces = [all.slice(all.length - this.#run)];
    this.#sourceBytes = this.#run;
    this.#length = 0;
    return all.slice(0, all.length - this.#run);
  }
}

function shortened(run: number): number {
  return run < 4 ? run : 5;
}

/** Not `Buffer.concat`: small buffers share their memory, and a piece is given away to another thread. */
function join(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
