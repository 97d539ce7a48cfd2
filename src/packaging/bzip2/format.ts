/** The first six bytes of a block: the digits of pi. */
export const blockMagic = 0x314159265359;
/** The first six bytes of a stream's end: the digits of its square root. */
export const endMagic = 0x177245385090;

/** Length of a block for each step of the level in a stream's head. */
export const bytesPerLevel = 100_000;

/** The checksum of a stream after one more block. */
export function combineCrc(stream: number, block: number): number {
  return (((stream << 1) | (stream >>> 31)) ^ block) >>> 0;
}

/** Why compressed data cannot be decoded. The reader of the archive converts it to an `ArchiveError`. */
export class CorruptBzip2 extends Error {}
