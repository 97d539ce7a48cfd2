import { BitReader } from './bit-reader.ts';
import { blockMagic, endMagic } from './format.ts';

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
  throw new Error('The compressor made something else than one block');
}
