import { blockBytes, CorruptTar, parseNumber } from './tar-header.ts';

/** The supported fields of a PAX header, which describes the next entry. */
export interface PaxHeader {
  readonly path?: Uint8Array;
  readonly size?: number;
  /** Whether it describes the holes of a file in PAX's own way. */
  readonly isSparse: boolean;
}

/**
 * Reads the records of a PAX header: `<length> <key>=<value>` and a line feed, where the length counts all of that.
 *
 * @throws CorruptTar
 */
export function parsePaxHeader(content: Uint8Array): PaxHeader {
  const bytes = Buffer.from(content);
  const values = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const [text, digits] = /^([1-9]\d{0,6}) /.exec(bytes.toString('latin1', at, at + 8)) ?? [];
    const end = at + Number(digits);
    if (text === undefined || end > bytes.length || bytes[end - 1] !== 0x0a)
      throw new CorruptTar('a PAX record is malformed');
    const record = bytes.subarray(at + text.length, end - 1);
    const equals = record.indexOf('=');
    if (equals <= 0) throw new CorruptTar('a PAX record is malformed');
    const key = record.toString('latin1', 0, equals);
    // Implementations differ in which of the two they use.
    if (values.has(key)) throw new CorruptTar('a PAX header sets a value twice');
    values.set(key, record.subarray(equals + 1));
    at = end;
  }
  const path = values.get('path');
  const size = values.get('size');
  return {
    ...(path !== undefined && { path }),
    ...(size !== undefined && { size: parseSize(size.toString('latin1')) }),
    isSparse: [...values.keys()].some((key) => key.startsWith('GNU.sparse.')),
  };
}

function parseSize(text: string): number {
  const size = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(size)) throw new CorruptTar('a PAX size is not a number');
  return size;
}

/** A part of a sparse file that is stored; between the parts it is all zeros. */
export interface SparsePart {
  readonly offset: number;
  readonly length: number;
}

// GNU tar writes four parts into the header and 21 into each block after it.
const maxParts = 10_000;

/**
 * Reads the map of a sparse file in GNU's old form.
 *
 * @param readBlock gives the blocks that continue a map for which the header has no room.
 * @throws CorruptTar
 */
export async function readSparseMap(
  header: Uint8Array,
  readBlock: () => Promise<Uint8Array>,
): Promise<{ readonly realSize: number; readonly parts: readonly SparsePart[] }> {
  const realSize = parseNumber(header, 483, 12);
  const parts = [...readParts(header, 386, 4)];
  let isExtended = header[482] === 1;
  while (isExtended) {
    const block = await readBlock();
    parts.push(...readParts(block, 0, 21));
    isExtended = block[504] === 1;
    if (parts.length > maxParts) throw new CorruptTar(`a sparse file has more than ${maxParts} parts`);
  }
  checkParts(parts, realSize);
  return { realSize, parts };
}

function* readParts(block: Uint8Array, at: number, count: number): Generator<SparsePart> {
  for (let index = 0; index < count; index += 1) {
    const start = at + index * 24;
    if (block[start] === 0) return;
    yield { offset: parseNumber(block, start, 12), length: parseNumber(block, start + 12, 12) };
  }
}

function checkParts(parts: readonly SparsePart[], realSize: number): void {
  let end = 0;
  let stored = 0;
  for (const { offset, length } of parts) {
    if (offset < end || offset + length > realSize)
      throw new CorruptTar('the parts of a sparse file overlap or exceed it');
    if (length > 0 && stored % blockBytes !== 0)
      throw new CorruptTar('a part of a sparse file does not start at a block boundary');
    end = offset + length;
    stored += length;
  }
}
