import { CorruptBzip2 } from './corrupt-bzip2.ts';

/** Longest code that the format allows. */
export const maxCodeLength = 20;

/** Codes up to this length, which is nearly all that occur, are decoded by one look into a table. */
const fastBits = 10;

/**
 * A canonical Huffman code, ready for decoding: codes of one length are consecutive numbers, in order of their symbols.
 */
export class HuffmanTable {
  /** By the next {@link fastBits} bits: `symbol << 5 | length`, or 0 where the code is longer. */
  readonly fast = new Int32Array(1 << fastBits);
  /** By length: the first code of that length, and how many there are, both left-aligned to {@link maxCodeLength} bits. */
  readonly #limits = new Int32Array(maxCodeLength + 1);
  readonly #offsets = new Int32Array(maxCodeLength + 1);
  readonly #symbols: Uint16Array;

  /** @param lengths length of the code of each symbol, 1 to {@link maxCodeLength}. */
  constructor(lengths: Uint8Array) {
    this.#symbols = new Uint16Array(lengths.length);
    let code = 0;
    let index = 0;
    for (let length = 1; length <= maxCodeLength; length += 1) {
      this.#offsets[length] = index - code;
      for (let symbol = 0; symbol < lengths.length; symbol += 1) {
        if (lengths[symbol] !== length) continue;
        if (code >= 1 << length) throw new CorruptBzip2('more codes than their lengths allow');
        this.#symbols[index] = symbol;
        if (length <= fastBits) this.#fillFast(code, length, symbol);
        index += 1;
        code += 1;
      }
      this.#limits[length] = code << (maxCodeLength - length);
      code <<= 1;
    }
  }

  /**
   * Decodes a code that is not in {@link HuffmanTable.fast}.
   *
   * @param bits the next {@link maxCodeLength} bits.
   * @returns `symbol << 5 | length`
   */
  decodeLong(bits: number): number {
    for (let length = fastBits + 1; length <= maxCodeLength; length += 1) {
      if (bits >= (this.#limits[length] as number)) continue;
      const symbol = this.#symbols[(bits >>> (maxCodeLength - length)) + (this.#offsets[length] as number)];
      return ((symbol as number) << 5) | length;
    }
    throw new CorruptBzip2('a code that stands for no symbol');
  }

  #fillFast(code: number, length: number, symbol: number): void {
    const spare = fastBits - length;
    this.fast.fill((symbol << 5) | length, code << spare, (code + 1) << spare);
  }
}
