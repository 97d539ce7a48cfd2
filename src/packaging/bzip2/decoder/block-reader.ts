import { CorruptBzip2 } from '../format.ts';

const symbolsPerSelector = 50;
const runA = 0;
const runB = 1;
/** No block needs more; writers may pad with more, which are skipped. */
const maxSelectors = 18_002;

/** What a block holds before it is unsorted: see {@link readBlock}. */
export interface BlockContent {
  /** Number of bytes in the block. */
  readonly length: number;
  /** Where, in the sorted order, the block begins. */
  readonly start: number;
}

/**
 * Reads a block up to, but not including, the undoing of its sort.
 *
 * @param into receives the bytes of the block, one per element; its length is the most that a block may have.
 * @throws OutOfBits, CorruptBzip2
 */
export function readBlock(reader: BitReader, into: Int32Array): BlockContent {
  if (reader.read(1) === 1) throw new CorruptBzip2('a randomised block, which no program has written since 1999');
  const start = reader.read(24);
  const alphabet = readAlphabet(reader);
  const symbols = alphabet.length + 2;

  const tableCount = reader.read(3);
  if (tableCount < 2 || tableCount > 6) throw new CorruptBzip2(`${tableCount} code tables, expected 2 to 6`);
  const selectors = readSelectors(reader, tableCount);
  const tables = Array.from({ length: tableCount }, () => new HuffmanTable(readCodeLengths(reader, symbols)));

  const length = readSymbols(reader, { alphabet, selectors, tables, into });
  if (start >= length) throw new CorruptBzip2('a block that begins outside itself');
  return { length, start };
}

/** The bytes that occur in the block, in order: 16 bits say which sixteenths are used, then 16 bits for each that is. */
function readAlphabet(reader: BitReader): Uint8Array {
  const used = reader.read(16);
  const alphabet: number[] = [];
  for (let high = 0; high < 16; high += 1) {
    if ((used & (0x8000 >>> high)) === 0) continue;
    const bits = reader.read(16);
    for (let low = 0; low < 16; low += 1) if ((bits & (0x8000 >>> low)) !== 0) alphabet.push(high * 16 + low);
  }
  if (alphabet.length === 0) throw new CorruptBzip2('a block without any byte');
  return Uint8Array.from(alphabet);
}

/** Which table decodes each group of 50 symbols, stored as positions in a move-to-front list. */
function readSelectors(reader: BitReader, tableCount: number): Uint8Array {
  const count = reader.read(15);
  if (count === 0) throw new CorruptBzip2('a block without selectors');
  const selectors = new Uint8Array(Math.min(count, maxSelectors));
  const recent = Array.from({ length: tableCount }, (_, table) => table);
  for (let index = 0; index < count; index += 1) {
    let position = 0;
    while (reader.read(1) === 1) {
      position += 1;
      if (position >= tableCount) throw new CorruptBzip2('a selector of a table that does not exist');
    }
    const [table = 0] = recent.splice(position, 1);
    recent.unshift(table);
    if (index < maxSelectors) selectors[index] = table;
  }
  return selectors;
}

/** Code lengths are stored as steps up and down from the one before. */
function readCodeLengths(reader: BitReader, symbols: number): Uint8Array {
  const lengths = new Uint8Array(symbols);
  let length = reader.read(5);
  for (let symbol = 0; symbol < symbols; symbol += 1) {
    for (;;) {
      if (length < 1 || length > maxCodeLength) throw new CorruptBzip2(`a code of ${length} bits`);
      if (reader.read(1) === 0) break;
      length += reader.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return lengths;
}

interface Coding {
  readonly alphabet: Uint8Array;
  readonly selectors: Uint8Array;
  readonly tables: readonly HuffmanTable[];
  readonly into: Int32Array;
}

/**
 * Decodes the symbols of a block: positions in a move-to-front list of bytes, runs of the front byte, and the end.
 *
 * This and the unsorting are where the time goes, so the bits are kept in local variables: `bits` holds the next `have` bits
 * of the stream at its upper end.
 */
function readSymbols(reader: BitReader, { alphabet, selectors, tables, into }: Coding): number {
  const { bytes } = reader;
  const limit = bytes.length;
  const front = Uint8Array.from(alphabet);
  const end = alphabet.length + 1;
  const capacity = into.length;
  let at = reader.bit >>> 3;
  let have = 8 - (reader.bit & 7);
  let bits = at < limit ? (bytes[at++] as number) << (32 - have) : 0;

  let length = 0;
  let run = 0;
  let runUnit = 1;
  for (let group = 0; group < selectors.length; group += 1) {
    const table = tables[selectors[group] as number] as HuffmanTable;
    const { fast } = table;
    for (let left = symbolsPerSelector; left > 0; left -= 1) {
      while (have <= 24) {
        if (at < limit) bits |= (bytes[at] as number) << (24 - have);
        at += 1;
        have += 8;
      }
      const found = (fast[bits >>> 22] as number) || table.decodeLong(bits >>> 12);
      const size = found & 31;
      const symbol = found >>> 5;
      bits <<= size;
      have -= size;

      if (symbol <= runB) {
        // A run's length is written in digits 1 and 2 of base two, the lowest first.
        run += symbol === runA ? runUnit : runUnit * 2;
        runUnit *= 2;
        if (run > capacity) throw new CorruptBzip2('a block longer than its stream allows');
        continue;
      }
      if (run > 0) {
        if (length + run > capacity) throw new CorruptBzip2('a block longer than its stream allows');
        into.fill(front[0] as number, length, length + run);
        length += run;
        run = 0;
        runUnit = 1;
      }
      if (symbol === end) {
        reader.bit = at * 8 - have;
        if (reader.bit > limit * 8) throw new OutOfBits();
        return length;
      }
      if (length >= capacity) throw new CorruptBzip2('a block longer than its stream allows');
      const position = symbol - 1;
      const byte = front[position] as number;
      if (position < 16) for (let index = position; index > 0; index -= 1) front[index] = front[index - 1] as number;
      else front.copyWithin(1, 0, position);
      front[0] = byte;
      into[length] = byte;
      length += 1;
    }
    if (at > limit + 4) throw new OutOfBits();
  }
  throw new CorruptBzip2('a block without an end');
}

/** Longest code that the format allows. */
const maxCodeLength = 20;

/** Codes up to this length, which is nearly all that occur, are decoded by one look into a table. */
const fastBits = 10;

/**
 * A canonical Huffman code, ready for decoding: codes of one length are consecutive numbers, in order of their symbols.
 */
class HuffmanTable {
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
