import { type PaxHeader, parsePaxHeader, readSparseMap, type SparsePart } from './tar-extensions.ts';
import { blockBytes, CorruptTar, parseTarHeader, type TarHeader } from './tar-header.ts';

/** Reads exact numbers of bytes from pieces of any size. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #total = 0;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Number of bytes that were read. */
  get total(): number {
    return this.#total;
  }

  /** The next bytes, fewer only when the source ends before. */
  async read(count: number): Promise<Uint8Array> {
    if (this.#piece.length >= count) return this.#take(count);
    const bytes = new Uint8Array(count);
    let length = 0;
    while (length < count) {
      const piece = await this.readSome(count - length);
      if (piece === undefined) break;
      bytes.set(piece, length);
      length += piece.length;
    }
    return bytes.subarray(0, length);
  }

  /** The available bytes, at most `count`; `undefined` at the end. They are valid until the next call. */
  async readSome(count: number): Promise<Uint8Array | undefined> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done === true) return undefined;
      this.#piece = value;
    }
    return this.#take(Math.min(count, this.#piece.length));
  }

  #take(count: number): Uint8Array {
    const taken = this.#piece.subarray(0, count);
    this.#piece = this.#piece.subarray(count);
    this.#total += count;
    return taken;
  }

  /** Closes the source at any position. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

export type TarEntryKind = 'file' | 'folder' | 'global header' | 'hard link' | 'other' | 'symbolic link';

export interface TarEntry {
  readonly kind: TarEntryKind;
  /** Raw bytes of the path, wherever it was written. */
  readonly path: Uint8Array;
  /** Bytes of the content as it will be read, holes included. */
  readonly size: number;
  readonly mode: number;
  /** Read it before the next entry is requested. The rest is then skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

// Helper entries are read into memory. These limits are far above those of regular archives.
const maxHelperBytes = 64 * 1024;
const maxHelpers = 4;
const maxHelperBytesInAll = 64 * 1024 * 1024;

const kinds: Readonly<Record<string, TarEntryKind>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hard link',
  '2': 'symbolic link',
  '5': 'folder',
  '7': 'file',
  S: 'file',
  g: 'global header',
};

/** Facts from helper entries about the next entry. */
interface Described {
  path?: Uint8Array;
  pax?: PaxHeader;
}

/**
 * Reads the entries of a tar file: the forms of 1979 and POSIX, GNU's long names and sparse files, PAX headers.
 *
 * Only the format is checked here. Forms that other implementations read differently are rejected. The file may end
 * with two zero blocks, with one, or with none, as other implementations accept it.
 *
 * @throws CorruptTar
 */
export async function* readTar(source: ByteSource): AsyncGenerator<TarEntry> {
  let described: Described = {};
  let helperBytes = 0;
  for (let helpers = 0; ; ) {
    const block = await source.read(blockBytes);
    if (block.length === 0 || isZero(block)) {
      if (helpers > 0) throw new CorruptTar('it ends after the extended header of an entry');
      await requireZeros(source);
      return;
    }
    if (block.length < blockBytes) throw new CorruptTar('it is truncated');
    // The source may reuse the memory.
    const header = parseTarHeader(new Uint8Array(block));
    if (isHelper(header)) {
      helpers += 1;
      helperBytes += header.size;
      if (helpers > maxHelpers) throw new CorruptTar(`an entry has more than ${maxHelpers} extended headers`);
      readHelper(header, await readWhole(source, header), described);
      if (helperBytes > maxHelperBytesInAll) throw new CorruptTar('it consists mostly of extended headers');
      continue;
    }
    yield* readEntry(source, header, described);
    described = {};
    helpers = 0;
  }
}

// Padding after the end; writers fill up to 10 KiB.
const maxTrailingBytes = 1024 * 1024;

/** Only zeros may follow the end, because some implementations continue after a zero block. */
async function requireZeros(source: ByteSource): Promise<void> {
  const end = source.total + maxTrailingBytes;
  for (;;) {
    const piece = await source.readSome(maxTrailingBytes);
    if (piece === undefined) return;
    if (source.total > end || !isZero(piece)) throw new CorruptTar('it contains data after its end');
  }
}

function isHelper({ type }: TarHeader): boolean {
  return type === 'L' || type === 'K' || type === 'x';
}

function readHelper({ type }: TarHeader, content: Uint8Array, described: Described): void {
  // Implementations differ in which of the two they use.
  if (type === 'x' ? described.pax !== undefined : type === 'L' && described.path !== undefined) {
    throw new CorruptTar('an entry has two extended headers of the same kind');
  }
  if (type === 'x') described.pax = parsePaxHeader(content);
  else if (type === 'L') described.path = withoutZeros(content);
  // The target of a link (type K) does not matter: links are refused.
}

async function* readEntry(source: ByteSource, header: TarHeader, described: Described): AsyncGenerator<TarEntry> {
  const { pax } = described;
  if (pax?.isSparse === true) throw new CorruptTar('it contains a sparse file in PAX format, which is not supported');
  if (pax?.path !== undefined && described.path !== undefined) {
    throw new CorruptTar('an entry has both a GNU and a PAX path');
  }
  const path = pax?.path ?? described.path ?? header.path;
  const stored = pax?.size ?? header.size;
  const sparse =
    header.type === 'S' ? await readSparseMap(header.block, () => readFull(source, blockBytes)) : undefined;
  const parts = sparse?.parts ?? [{ offset: 0, length: stored }];
  const size = sparse?.realSize ?? stored;
  if (parts.reduce((sum, part) => sum + part.length, 0) !== stored) {
    throw new CorruptTar('the parts of a sparse file do not match its stored size');
  }

  const kind = kindOf(header, path);
  if (stored > 0 && kind === 'folder') throw new CorruptTar('a folder has content');
  if (kind === 'file' && path.at(-1) === slash) throw new CorruptTar('the path of a file ends with a slash');

  const start = source.total;
  yield { kind, path, size, mode: header.mode, content: readParts(source, parts, size) };
  if (kind === 'global header') checkGlobalHeader(await readWhole(source, { ...header, size: stored }));
  const padding = (blockBytes - (stored % blockBytes)) % blockBytes;
  await skip(source, Math.max(0, start + stored + padding - source.total));
}

const slash = 0x2f;

/** Implementations differ in whether and from where they apply a global header. */
function checkGlobalHeader(content: Uint8Array): void {
  const { path, size, isSparse } = parsePaxHeader(content);
  if (path === undefined && size === undefined && !isSparse) return;
  throw new CorruptTar('a global header sets a path or a size');
}

function kindOf(header: TarHeader, path: Uint8Array): TarEntryKind {
  const kind = kinds[header.type] ?? 'other';
  return kind === 'file' && header.isOld && path.at(-1) === slash ? 'folder' : kind;
}

async function* readParts(source: ByteSource, parts: readonly SparsePart[], size: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const { offset, length } of parts) {
    yield* zeros(offset - at);
    for (let left = length; left > 0; ) {
      const piece = await source.readSome(left);
      if (piece === undefined) throw new CorruptTar('it is truncated');
      left -= piece.length;
      yield piece;
    }
    at = offset + length;
  }
  yield* zeros(size - at);
}

const zeroPiece = new Uint8Array(64 * 1024);

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= zeroPiece.length) yield zeroPiece.subarray(0, left);
}

async function readWhole(source: ByteSource, { size }: Pick<TarHeader, 'size'>): Promise<Uint8Array> {
  if (size > maxHelperBytes)
    throw new CorruptTar(`an extended header has ${size} bytes, the limit is ${maxHelperBytes}`);
  const content = await readFull(source, Math.ceil(size / blockBytes) * blockBytes);
  return new Uint8Array(content.subarray(0, size));
}

async function readFull(source: ByteSource, count: number): Promise<Uint8Array> {
  const bytes = await source.read(count);
  if (bytes.length < count) throw new CorruptTar('it is truncated');
  return bytes;
}

async function skip(source: ByteSource, count: number): Promise<void> {
  for (let left = count; left > 0; ) {
    const piece = await source.readSome(left);
    if (piece === undefined) throw new CorruptTar('it is truncated');
    left -= piece.length;
  }
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

function withoutZeros(content: Uint8Array): Uint8Array {
  const end = content.indexOf(0);
  return end === -1 ? content : content.subarray(0, end);
}
