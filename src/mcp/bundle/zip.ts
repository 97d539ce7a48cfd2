import type { FileHandle } from 'node:fs/promises';
import { deflateRawSync } from 'node:zlib';

/** A file of a zip archive. */
export interface ZipEntry {
  /** Path with `/` between its parts. */
  readonly path: string;
  readonly isExecutable: boolean;
  readonly read: () => Promise<Uint8Array>;
}

/** What this form of zip cannot hold, and the extension that could is not read by every client. */
export const zipLimits = { bytes: 2 ** 32 - 1, entries: 2 ** 16 - 2 };

/** The part of the archive that is too large. */
export class ZipTooLarge extends Error {}

const utf8Names = 0x08_00;
// 1980-01-01: the same files make the same archive.
const date = 0x00_21;

/**
 * Writes a zip archive: each file compressed, or stored if that is smaller. One file at a time is in memory.
 *
 * @throws ZipTooLarge
 */
export async function writeZip(handle: FileHandle, entries: Iterable<ZipEntry>): Promise<number> {
  const directory: Buffer[] = [];
  let offset = 0;
  const write = async (part: Uint8Array) => {
    await handle.writeFile(part);
    offset += part.length;
  };
  for (const { path, isExecutable, read } of entries) {
    if (directory.length === zipLimits.entries) throw new ZipTooLarge(`more than ${zipLimits.entries} files`);
    const content = await read();
    const deflated = deflateRawSync(content);
    const isSmaller = deflated.length < content.length;
    const data = isSmaller ? deflated : content;
    if (content.length > zipLimits.bytes || offset + data.length > zipLimits.bytes) throw new ZipTooLarge(path);
    const name = Buffer.from(path);
    const common = commonFields(name, content, data, isSmaller);
    directory.push(directoryEntry(common, name, isExecutable, offset));
    await write(signed(0x04_03_4b_50, common));
    await write(name);
    await write(data);
  }
  const start = offset;
  const index = Buffer.concat(directory);
  await write(index);
  await write(endOfDirectory(directory.length, index.length, start));
  return offset;
}

/** The fields that the header of a file and its entry in the directory have in common. */
function commonFields(name: Buffer, content: Uint8Array, data: Uint8Array, isDeflated: boolean): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(utf8Names, 2);
  fields.writeUInt16LE(isDeflated ? 8 : 0, 4);
  fields.writeUInt16LE(date, 8);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}

function directoryEntry(common: Buffer, name: Buffer, isExecutable: boolean, offset: number): Buffer {
  const version = Buffer.alloc(2);
  // Made on Unix, so that the mode is read.
  version.writeUInt16LE((3 << 8) | 20, 0);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(((0o100_000 | (isExecutable ? 0o755 : 0o644)) << 16) >>> 0, 6);
  rest.writeUInt32LE(offset, 10);
  return Buffer.concat([signed(0x02_01_4b_50, version), common, rest, name]);
}

function endOfDirectory(count: number, size: number, start: number): Buffer {
  const fields = Buffer.alloc(18);
  fields.writeUInt16LE(count, 4);
  fields.writeUInt16LE(count, 6);
  fields.writeUInt32LE(size, 8);
  fields.writeUInt32LE(start, 12);
  return signed(0x06_05_4b_50, fields);
}

function signed(signature: number, fields: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(signature, 0);
  return Buffer.concat([head, fields]);
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xed_b8_83_20 : value >>> 1;
  return value;
});

/** Node has this function from version 22.2. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xff_ff_ff_ff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] as number);
  return (crc ^ 0xff_ff_ff_ff) >>> 0;
}
