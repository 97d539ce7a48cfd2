/** A read beyond the available bytes: more input is needed, or the data is truncated. */
export class OutOfBits extends Error {}

/** Reads bits, the highest of each byte first. */
export class BitReader {
  readonly bytes: Uint8Array;
  /** Position of the next bit. */
  bit: number;

  constructor(bytes: Uint8Array, bit = 0) {
    this.bytes = bytes;
    this.bit = bit;
  }

  /** Up to 24 bits as an unsigned number. */
  read(count: number): number {
    const end = this.bit + count;
    if (end > this.bytes.length * 8) throw new OutOfBits();
    let value = 0;
    for (let byte = this.bit >>> 3; byte < (end + 7) >>> 3; byte += 1) value = value * 256 + (this.bytes[byte] ?? 0);
    const spare = (8 - (end & 7)) & 7;
    this.bit = end;
    return Math.floor(value / 2 ** spare) % 2 ** count;
  }

  /** The 48 bits that say what comes next. */
  readMagic(): number {
    return this.read(24) * 2 ** 24 + this.read(24);
  }

  readUint32(): number {
    return this.read(16) * 65536 + this.read(16);
  }

  skipToByte(): void {
    this.bit = (this.bit + 7) & ~7;
  }
}
