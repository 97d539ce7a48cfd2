import { parentPort, workerData } from 'node:worker_threads';
import { decodeFile } from './decoder/decoder.ts';
import type { DecompressTask } from './decompress.ts';
import { CorruptBzip2 } from './format.ts';

// A thread that decodes one file and stays at most a few pieces ahead of the reader.
const { handle, credit }: DecompressTask = workerData;
const credits = new Int32Array(credit);
try {
  for (const { bytes, position } of decodeFile(handle)) {
    // Blocks until the reader requests more. This thread has no other work.
    Atomics.wait(credits, 0, 0);
    Atomics.sub(credits, 0, 1);
    const copy = bytes.slice();
    parentPort?.postMessage({ bytes: copy, position }, [copy.buffer as ArrayBuffer]);
  }
  parentPort?.postMessage({ end: true });
} catch (error) {
  if (!(error instanceof CorruptBzip2)) throw error;
  parentPort?.postMessage({ corrupt: error.message });
}
