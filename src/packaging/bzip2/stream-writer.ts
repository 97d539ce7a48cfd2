import { BitWriter } from './bit-writer.ts';
import { combineCrc, endMagic } from './format.ts';
import type { SingleBlock } from './single-block.ts';

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
