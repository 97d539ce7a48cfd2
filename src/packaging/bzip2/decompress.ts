import { on } from 'node:events';
import { isDenied } from '../../node/permission.ts';
import { CooperativeYield } from '../files/cooperative-yield.ts';
import { type DecodedPiece, decodeFile } from './decoder/decoder.ts';
import { CorruptBzip2 } from './format.ts';
import { startWorker } from './start-worker.ts';

/** Input of the decoding thread. */
export interface DecompressTask {
  /** Descriptor of the open file. */
  readonly handle: number;
  /** One number: how many more pieces may be sent. */
  readonly credit: SharedArrayBuffer;
}

type Answer = DecodedPiece | { readonly corrupt: string } | { readonly end: true };

/** Decoding so little takes less time than starting a thread. */
const smallFileBytes = 64 * 1024;
const piecesAhead = 8;

/**
 * Decodes an open file on a separate thread, unless it is small or threads are not permitted.
 *
 * @throws CorruptBzip2
 */
export async function* decompressBzip2(descriptor: number, size: number): AsyncGenerator<DecodedPiece> {
  if (size > smallFileBytes && !isDenied('worker')) {
    yield* decodeOnThread(descriptor);
    return;
  }
  const yielding = new CooperativeYield();
  for (const piece of decodeFile(descriptor)) {
    if (yielding.isDue) await yielding.pause();
    yield piece;
  }
}

async function* decodeOnThread(handle: number): AsyncGenerator<DecodedPiece> {
  const credit = new SharedArrayBuffer(4);
  const credits = new Int32Array(credit);
  Atomics.store(credits, 0, piecesAhead);
  const task: DecompressTask = { handle, credit };
  const worker = startWorker('decompress-worker', task);
  try {
    for await (const [answer] of on(worker, 'message', { close: ['exit'] }) as AsyncIterable<[Answer]>) {
      if ('end' in answer) return;
      if ('corrupt' in answer) throw new CorruptBzip2(answer.corrupt);
      yield answer;
      Atomics.add(credits, 0, 1);
      Atomics.notify(credits, 0);
    }
    throw new Error('The decoding thread ended before the data did');
  } finally {
    await worker.terminate();
  }
}
