import { CorruptBzip2 } from '../format.ts';
import type { BlockContent } from './block-reader.ts';

/**
 * The bytes of a block in their original order, a piece at a time.
 *
 * The sort is undone by following links: each element of `links` holds a byte and, above it, the place of the byte that
 * comes next. Then runs are expanded: four equal bytes are followed by the number of further ones.
 */
export class BlockOutput {
  readonly #links: Int32Array;
  #left: number;
  #place: number;
  #crc = crcStart;
  /** The byte that was written last, and how many of it came in a row, up to 4. */
  #byte = -1;
  #equal = 0;
  /** How many more of it are to be written. */
  #repeat = 0;

  /** @param bytes what `readBlock` left; it is overwritten, and must stay untouched until everything was read. */
  constructor(bytes: Int32Array, content: BlockContent) {
    this.#links = bytes;
    this.#left = content.length;
    linkInOrder(bytes, content.length);
    this.#place = (bytes[content.start] as number) >>> 8;
  }

  /** Checksum of everything that was read, to be compared at the end of the block. */
  get crc(): number {
    return finishCrc(this.#crc);
  }

  /** Fills `out` as far as the block goes, and returns the number of bytes written: 0 at its end. */
  read(out: Uint8Array): number {
    const links = this.#links;
    let [left, place, byte, equal, repeat] = [this.#left, this.#place, this.#byte, this.#equal, this.#repeat];
    let at = 0;
    while (at < out.length) {
      if (repeat > 0) {
        const end = Math.min(at + repeat, out.length);
        out.fill(byte, at, end);
        repeat -= end - at;
        at = end;
        continue;
      }
      if (left === 0) {
        if (equal === 4) throw new CorruptBzip2('a run without its length');
        break;
      }
      const link = links[place] as number;
      place = link >>> 8;
      left -= 1;
      const next = link & 255;
      if (equal === 4) {
        repeat = next;
        equal = 0;
        // A count ends the run: equal bytes after it begin a new one.
        continue;
      }
      equal = next === byte ? equal + 1 : 1;
      byte = next;
      out[at] = next;
      at += 1;
    }
    [this.#left, this.#place, this.#byte, this.#equal, this.#repeat] = [left, place, byte, equal, repeat];
    this.#crc = updateCrc(this.#crc, out, at);
    return at;
  }
}

/** Turns bytes in sorted order into links: the n-th occurrence of a byte there is the n-th of it among all sorted bytes. */
function linkInOrder(bytes: Int32Array, length: number): void {
  const next = new Int32Array(256);
  for (let index = 0; index < length; index += 1) {
    const byte = bytes[index] as number;
    next[byte] = (next[byte] as number) + 1;
  }
  let sum = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const count = next[byte] as number;
    next[byte] = sum;
    sum += count;
  }
  for (let index = 0; index < length; index += 1) {
    const byte = (bytes[index] as number) & 255;
    const place = next[byte] as number;
    next[byte] = place + 1;
    bytes[place] = (bytes[place] as number) | (index << 8);
  }
}

/** The polynomial of bzip2: that of zlib, with the bits in the opposite order. */
const polynomial = 0x04c11db7;

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ polynomial : crc << 1;
  return crc;
});

/** Initial value of a checksum. */
export const crcStart = -1;

/** Continues a checksum with `bytes`. */
export function updateCrc(crc: number, bytes: Uint8Array, end: number = bytes.length): number {
  for (let index = 0; index < end; index += 1) {
    crc = (crc << 8) ^ (crcTable[(crc >>> 24) ^ (bytes[index] as number)] as number);
  }
  return crc;
}

/** The unsigned number that is stored in the stream. */
export function finishCrc(crc: number): number {
  return ~crc >>> 0;
}
