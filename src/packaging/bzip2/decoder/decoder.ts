import { readSync } from 'node:fs';
import { blockMagic, bytesPerLevel, CorruptBzip2, combineCrc, endMagic } from '../format.ts';
import { BitReader, OutOfBits } from './bit-reader.ts';
import { BlockOutput } from './block-output.ts';
import { readBlock } from './block-reader.ts';

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
