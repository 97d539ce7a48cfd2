import { readSync } from 'node:fs';
import { blockMagic, bytesPerLevel, CorruptBzip2, combineCrc, endMagic } from '../format.ts';
import { BitReader, type BlockContent, OutOfBits, readBlock } from './block-reader.ts';

/**
 * A block is read at once, so all of it must be available: 900,000 bytes at the longest code of 20 bits, and its
 * tables.
 */
const longestBlock = 2_600_000;

/**
 * Decodes bzip2 data in pieces, within about 10 MB of memory whatever comes in.
 *
 * Streams that follow each other are one, as parallel compressors write them; other data after the end is rejected.
 * Every checksum is compared, that of a block once its last byte was read.
 */
export class Bzip2Decoder {
  #input = new Uint8Array(0);
  /** Where in the input the next bit is. */
  #bit = 0;
  #isComplete = false;

  #links = new Int32Array(0);
  #block: BlockOutput | undefined;
  #blockCrc = 0;
  #streamCrc = 0;
  #state: 'before stream' | 'between blocks' | 'end' = 'before stream';
  #streams = 0;

  /** Adds input; call it when {@link Bzip2Decoder.read} starves. */
  push(bytes: Uint8Array): void {
    const used = this.#bit >>> 3;
    const input = new Uint8Array(this.#input.length - used + bytes.length);
    input.set(this.#input.subarray(used));
    input.set(bytes, this.#input.length - used);
    this.#input = input;
    this.#bit &= 7;
  }

  /** Marks the end of the input. */
  finish(): void {
    this.#isComplete = true;
  }

  /**
   * Fills `out` with decoded bytes.
   *
   * @returns how many there are, 0 at the end; `starved` when input is needed first.
   * @throws CorruptBzip2
   */
  read(out: Uint8Array): number | 'starved' {
    for (;;) {
      const length = this.#block?.read(out) ?? 0;
      if (length > 0) return length;
      this.#closeBlock();
      if (this.#state === 'end') return 0;
      if (!this.#isComplete && this.#input.length * 8 - this.#bit < longestBlock * 8) return 'starved';
      this.#readNext();
    }
  }

  #readNext(): void {
    const reader = new BitReader(this.#input, this.#bit);
    try {
      if (this.#state === 'before stream') this.#readHead(reader);
      else this.#readBlockOrEnd(reader);
    } catch (error) {
      if (!(error instanceof OutOfBits)) throw error;
      throw new CorruptBzip2(this.#isComplete ? 'the data is cut off' : 'a block longer than the format needs');
    }
    this.#bit = reader.bit;
  }

  #readHead(reader: BitReader): void {
    const start = reader.bit >>> 3;
    const [b, z, h, level = 0] = this.#input.subarray(start, start + 4);
    if (b !== 0x42 || z !== 0x5a || h !== 0x68 || level < 0x31 || level > 0x39) {
      if (this.#streams === 0) throw new CorruptBzip2('it does not begin as bzip2 data');
      if (this.#input.length > start) throw new CorruptBzip2('it goes on after the end of the compressed data');
      this.#state = 'end';
      return;
    }
    reader.bit += 32;
    const capacity = (level - 0x30) * bytesPerLevel;
    if (this.#links.length !== capacity) this.#links = new Int32Array(capacity);
    this.#streamCrc = 0;
    this.#streams += 1;
    this.#state = 'between blocks';
  }

  #readBlockOrEnd(reader: BitReader): void {
    const magic = reader.readMagic();
    const crc = reader.readUint32();
    if (magic === blockMagic) {
      this.#block = new BlockOutput(this.#links, readBlock(reader, this.#links));
      this.#blockCrc = crc;
    } else if (magic === endMagic) {
      if (crc !== this.#streamCrc) throw new CorruptBzip2('the checksum of the whole does not fit');
      reader.skipToByte();
      this.#state = 'before stream';
    } else {
      throw new CorruptBzip2('neither a block nor the end where one of them must be');
    }
  }

  #closeBlock(): void {
    if (this.#block === undefined) return;
    if (this.#block.crc !== this.#blockCrc) throw new CorruptBzip2('the checksum of a block does not fit');
    this.#streamCrc = combineCrc(this.#streamCrc, this.#blockCrc);
    this.#block = undefined;
  }
}

const pieceBytes = 256 * 1024;

export interface DecodedPiece {
  /** Valid until the next piece is requested. */
  readonly bytes: Uint8Array;
  /** How far the file has been read. */
  readonly position: number;
}

/**
 * Decodes an open file from its beginning, wherever its own position is: the same file can be read several times.
 *
 * @throws CorruptBzip2
 */
export function* decodeFile(handle: number): Generator<DecodedPiece> {
  const decoder = new Bzip2Decoder();
  const input = new Uint8Array(pieceBytes);
  const output = new Uint8Array(pieceBytes);
  let position = 0;
  for (;;) {
    const length = decoder.read(output);
    if (length === 0) return;
    if (length !== 'starved') {
      yield { bytes: output.subarray(0, length), position };
      continue;
    }
    const read = readSync(handle, input, 0, input.length, position);
    position += read;
    if (read === 0) decoder.finish();
    else decoder.push(input.subarray(0, read));
  }
}

/**
 * The bytes of a block in their original order, a piece at a time.
 *
 * The sort is undone by following links: each element of `links` holds a byte and, above it, the place of the byte that
 * comes next. Then runs are expanded: four equal bytes are followed by the number of further ones.
 */
class BlockOutput {
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
const crcStart = -1;

/** Continues a checksum with `bytes`. */
function updateCrc(crc: number, bytes: Uint8Array, end: number = bytes.length): number {
  for (let index = 0; index < end; index += 1) {
    crc = (crc << 8) ^ (crcTable[(crc >>> 24) ^ (bytes[index] as number)] as number);
  }
  return crc;
}

/** The unsigned number that is stored in the stream. */
function finishCrc(crc: number): number {
  return ~crc >>> 0;
}
