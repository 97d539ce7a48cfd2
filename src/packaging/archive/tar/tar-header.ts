/** Block size of a tar file: a header is one block, contents are padded to full blocks. */
export const blockBytes = 512;

/** The header of a tar entry. Only its checksum and its numbers are checked. */
export interface TarHeader {
  /** Kind of entry, one character. */
  readonly type: string;
  /** Raw bytes of the path: a long one stands in an entry before. */
  readonly path: Uint8Array;
  /** Bytes of content that follow. */
  readonly size: number;
  readonly mode: number;
  /** Whether the header is of the kind of 1979, which has no sign for folders but a `/` at the end of the path. */
  readonly isOld: boolean;
  /** The whole block, for the parts that only some kinds of entry have. */
  readonly block: Uint8Array;
}

/** Why a tar file cannot be read. The reader of the archive converts it to an `ArchiveError`. */
export class CorruptTar extends Error {}

/** @throws CorruptTar */
export function parseTarHeader(block: Uint8Array): TarHeader {
  if (parseNumber(block, 148, 8) !== checksumOf(block)) throw new CorruptTar('the checksum of a header does not match');
  const magic = Buffer.from(block.subarray(257, 265)).toString('latin1');
  const name = upToZero(block.subarray(0, 100));
  const prefix = magic === 'ustar\x0000' ? upToZero(block.subarray(345, 500)) : new Uint8Array(0);
  return {
    type: String.fromCharCode(block[156] ?? 0),
    path: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
    size: parseNumber(block, 124, 12),
    mode: parseNumber(block, 100, 8),
    isOld: !magic.startsWith('ustar'),
    block,
  };
}

/** A reproducible header in GNU format for a file. */
export function formatTarHeader(entry: {
  readonly path: Uint8Array;
  readonly size: number;
  readonly mode: number;
  readonly type: string;
}): Uint8Array {
  const block = Buffer.alloc(blockBytes);
  block.set(entry.path.subarray(0, 100), 0);
  block.write(toOctal(entry.mode, 7), 100);
  block.write(toOctal(0, 7), 108);
  block.write(toOctal(0, 7), 116);
  writeSize(block, entry.size);
  block.write(toOctal(packedAt, 11), 136);
  block.write(entry.type, 156);
  block.write('ustar  \0', 257);
  block.write(`${toOctal(checksumOf(block), 6)}\0 `, 148);
  return block;
}

/** 1980-01-01, in seconds since 1970: what file formats that count from 1980 can hold as well. */
const packedAt = 315_532_800;

/** The most that eleven octal digits hold; beyond it GNU writes the number itself, with the highest bit set. */
const largestOctalSize = 8 ** 11 - 1;

function writeSize(block: Buffer, size: number): void {
  if (size <= largestOctalSize) {
    block.write(toOctal(size, 11), 124);
    return;
  }
  block[124] = 0x80;
  block.writeBigUInt64BE(BigInt(size), 128);
}

/** Reads octal digits, or GNU's binary form for large numbers. */
export function parseNumber(block: Uint8Array, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  const first = field[0] ?? 0;
  if (first >= 0x80) {
    const number = field.reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte & 0x7f : byte), 0);
    if (first === 0x80 && Number.isSafeInteger(number)) return number;
    throw new CorruptTar('a number in a header is negative or too large');
  }
  const text = Buffer.from(field).toString('latin1').replace(/\0.*$/s, '').trim();
  if (!/^[0-7]*$/.test(text)) throw new CorruptTar('a number in a header is not octal');
  return text === '' ? 0 : Number.parseInt(text, 8);
}

/** The sum of all bytes, with spaces in place of the sum itself. */
function checksumOf(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let index = 0; index < blockBytes; index += 1) sum += index >= 148 && index < 156 ? 0 : (block[index] as number);
  return sum;
}

function toOctal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function upToZero(field: Uint8Array): Uint8Array {
  const end = field.indexOf(0);
  return end === -1 ? field : field.subarray(0, end);
}
