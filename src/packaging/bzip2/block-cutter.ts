import { bytesPerLevel } from './format.ts';

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
export class BlockCutter {
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
