import { isDenied } from '../../node/permission.ts';
import { BlockCutter } from './block-cutter.ts';
import { CompressorHere } from './compressor-here.ts';
import { CompressorThreads } from './compressor-threads.ts';
import { Libbzip2 } from './libbzip2.ts';
import { takeSingleBlock } from './single-block.ts';
import { StreamWriter } from './stream-writer.ts';

/** Compressing so little takes less time than starting a thread. */
const smallPieceBytes = 64 * 1024;

/**
 * Compresses to a single bzip2 stream of level 9, on several threads where this process may have them: the very bytes that the program `bzip2 -9` writes,
 * however many threads there are.
 */
export async function* compressBzip2(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const threads = isDenied('worker') ? new CompressorHere() : new CompressorThreads();
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
        inWork.push(settleLater(threads.compress(piece)));
        if (inWork.length > threads.size) yield await addOldest();
      }
    }
    const last = cutter.finish();
    if (last !== undefined && inWork.length === 0 && last.length <= smallPieceBytes) {
      stream.add(takeSingleBlock(new Libbzip2().compress(last)));
    } else if (last !== undefined) {
      inWork.push(settleLater(threads.compress(last)));
    }
    while (inWork.length > 0) yield await addOldest();
    stream.finish();
    yield stream.takeBytes();
  } finally {
    await threads.close();
  }
}

/** A failure is met when its turn comes; until then it must not count as unhandled. */
function settleLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
