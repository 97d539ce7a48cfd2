import { blockBytes, CorruptTar, parseNumber } from './tar-header.ts';

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
    if (length > 0 && stored % blockBytes !== 0) throw new CorruptTar('a part of a sparse file begins within a block');
    end = offset + length;
    stored += length;
  }
}
