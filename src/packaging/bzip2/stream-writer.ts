import { BitReader } from './decoder/block-reader.ts';
import { blockMagic, combineCrc, endMagic } from './format.ts';

/** Joins blocks to one bzip2 stream, bit by bit: blocks do not end at whole bytes. */
export class StreamWriter {
  readonly #writer = new BitWriter();
  #crc = 0;

  constructor() {
    for (const byte of Buffer.from('BZh9')) this.#writer.write(byte, 8);
  }

  add(block: SingleBlock): void {
    this.#writer.append(block.bytes, block.bitLength);
    this.#crc = combineCrc(this.#crc, block.crc);
  }

  finish(): void {
    this.#writer.write(Math.floor(endMagic / 2 ** 24), 24);
    this.#writer.write(endMagic % 2 ** 24, 24);
    this.#writer.write(this.#crc >>> 16, 16);
    this.#writer.write(this.#crc & 0xffff, 16);
    this.#writer.padToByte();
  }

  /** Takes out the bytes that are complete. */
  takeBytes(): Uint8Array {
    return this.#writer.takeBytes();
  }
}

/** A compressed block without the stream around it. */
export interface SingleBlock {
  /** The block from its first bit; what follows its last one is not meant. */
  readonly bytes: Uint8Array;
  /** Blocks do not end at whole bytes. */
  readonly bitLength: number;
  /** Checksum of the content. */
  readonly crc: number;
}

const headBits = 32;
const footBits = 48 + 32;

/** Takes the one block out of a stream that has only one. */
export function takeSingleBlock(stream: Uint8Array): SingleBlock {
  const reader = new BitReader(stream, headBits);
  const hasBlock = reader.readMagic() === blockMagic;
  const crc = reader.readUint32();
  for (let padding = 0; hasBlock && padding < 8; padding += 1) {
    const end = stream.length * 8 - padding - footBits;
    reader.bit = end;
    // The checksum of a stream of one block is that of the block.
    if (reader.readMagic() === endMagic && reader.readUint32() === crc) {
      return { bytes: stream.subarray(headBits / 8), bitLength: end - headBits, crc };
    }
  }
  throw new Error('The compressor did not produce exactly one block');
}

/** Writes bits, the highest of each byte first. */
class BitWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;
  /** Bits that do not fill a byte yet, at the lower end. */
  #bits = 0;
  #have = 0;

  /** @param count up to 24. */
  write(value: number, count: number): void {
    this.#reserve(4);
    this.#bits = (this.#bits << count) | value;
    this.#have += count;
    while (this.#have >= 8) {
      this.#have -= 8;
      this.#bytes[this.#length] = this.#bits >>> this.#have;
      this.#length += 1;
    }
    this.#bits &= (1 << this.#have) - 1;
  }

  /** Continues with the first `bitLength` bits of `bytes`, wherever the last byte here was left. */
  append(bytes: Uint8Array, bitLength: number): void {
    const whole = bitLength >>> 3;
    this.#reserve(whole);
    let bits = this.#bits;
    for (let index = 0; index < whole; index += 1) {
      bits = (bits << 8) | (bytes[index] as number);
      this.#bytes[this.#length + index] = bits >>> this.#have;
    }
    this.#length += whole;
    this.#bits = bits & ((1 << this.#have) - 1);
    const rest = bitLength & 7;
    if (rest > 0) this.write((bytes[whole] as number) >>> (8 - rest), rest);
  }

  /** Fills the last byte with zeros. */
  padToByte(): void {
    if (this.#have > 0) this.write(0, 8 - this.#have);
  }

  /** Takes out the complete bytes that were written so far. */
  takeBytes(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
