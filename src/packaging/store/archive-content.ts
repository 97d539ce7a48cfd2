import { explainWriteFailure } from '../archive/extract-archive.ts';
import { type ArchiveEntry, type ReadArchiveOptions, readArchive } from '../archive/read-archive.ts';
import { noManifest } from '../archive/read-whole-archive.ts';
import { uncoveredPart } from '../coverage.ts';
import { crypto } from '../crypto.ts';
import { PackageDigest } from '../digest.ts';
import { checkManifestSize, decodeManifest, manifestFileName } from '../manifest-text.ts';
import { type FileListText, type ListedFile, readListText } from '../signing/file-list.ts';
import { type Inventory } from '../signing/inventory.ts';
import { maxListBytes, type PackageContent } from '../signing/package-content.ts';
import { fileListName, isOurSignature, signatureBytes, signatureFileName } from '../signing/signature-files.ts';
import type { TreeWriter } from '../write-tree.ts';

export type ReadContentOptions = ReadArchiveOptions;

export interface ArchiveContents {
  /** Name of the folder in the archive. */
  readonly root: string;
  /** The package digest; nothing when the files do not come in byte order of their paths, as packers write them. */
  readonly digest: Buffer | undefined;
  /** The signature that it carries, as `readSignature()` gives it. */
  readonly signature: Buffer | undefined;
  /** The text of `package.toml`, not checked yet. */
  readonly manifest: string;
  /** What no digest covers, but for the signature. */
  readonly leftOut: readonly string[];
}

/**
 * Reads a whole archive as the package that it holds, and computes its digest.
 *
 * Folders and modes of the archive are of no account.
 *
 * @throws ArchiveError
 */
export async function readArchiveContents(
  archive: string,
  options: ReadContentOptions,
  {
    writer,
    onFile,
  }: {
    /** Writes what the digest covers. */
    readonly writer?: TreeWriter | undefined;
    /** Told of each file that the digest covers. */
    readonly onFile?: ((path: string, bytes: number) => void) | undefined;
  } = {},
): Promise<ArchiveContents> {
  const digest = new OrderedDigest();
  const leftOut = new Set<string>();
  let root = '';
  let manifest: Buffer | undefined;
  let signature: Buffer | undefined;
  for await (const entry of readArchive(archive, options)) {
    root = entry.parts[0] ?? root;
    if (entry.kind === 'folder') continue;
    const parts = entry.parts.slice(1);
    const path = parts.join('/');
    const uncovered = uncoveredPart(parts);
    if (path === signatureFileName) signature = await readUpTo(entry.content, signatureBytes + 1);
    if (uncovered !== undefined) {
      if (!isOurSignature(path)) leftOut.add(uncovered);
      continue;
    }
    onFile?.(path, entry.size);
    digest.beginFile(path, entry.size);
    let content: AsyncIterable<Uint8Array> = digested(entry.content, digest);
    if (path === manifestFileName) {
      checkManifestSize(`${archive}!${entry.parts.join('/')}`, entry.size);
      manifest = await readUpTo(content, entry.size);
      content = once(manifest);
    }
    if (writer === undefined) for await (const _ of content);
    else await write(archive, writer, { path, content, entry });
  }
  if (manifest === undefined) throw noManifest(archive);
  const text = decodeManifest(`${archive}!${root}/${manifestFileName}`, manifest);
  return { root, digest: digest.finish(), signature, manifest: text, leftOut: [...leftOut] };
}

/** A package in an archive; reading it means to unpack it again, without writing anything. */
export class ArchiveContent implements PackageContent {
  readonly #archive: string;
  readonly #options: ReadContentOptions;

  constructor(archive: string, options: ReadContentOptions) {
    this.#archive = archive;
    this.#options = options;
  }

  async readFileList(): Promise<FileListText | undefined> {
    for await (const { kind, parts, size, content } of readArchive(this.#archive, this.#options)) {
      if (kind !== 'file' || parts.slice(1).join('/') !== fileListName) continue;
      return size > maxListBytes ? undefined : readListText(await readUpTo(content, size));
    }
    return undefined;
  }

  async takeInventory(): Promise<Inventory> {
    const digest = new OrderedDigest();
    const files: ListedFile[] = [];
    for await (const { kind, parts, size, content } of readArchive(this.#archive, this.#options)) {
      const path = parts.slice(1).join('/');
      if (kind !== 'file' || uncoveredPart(parts.slice(1)) !== undefined) continue;
      const hash = crypto().createHash('sha256');
      digest.beginFile(path, size);
      for await (const piece of digested(content, digest)) hash.update(piece);
      files.push({ path, bytes: size, sha256: hash.digest('hex') });
    }
    return { digest: digest.finish() ?? Buffer.alloc(0), files };
  }
}

/** A package digest of files as they come; nothing when their order is not that of the digest. */
class OrderedDigest {
  readonly #digest = new PackageDigest();
  #last: Buffer = Buffer.alloc(0);
  #isOrdered = true;

  beginFile(path: string, bytes: number): void {
    const key = Buffer.from(path);
    this.#isOrdered &&= this.#last.compare(key) < 0;
    this.#last = key;
    this.#digest.beginFile(path, bytes);
  }

  update(piece: Uint8Array): void {
    this.#digest.update(piece);
  }

  finish(): Buffer | undefined {
    const digest = this.#digest.finish();
    return this.#isOrdered ? digest : undefined;
  }
}

async function* digested(
  content: AsyncIterable<Uint8Array>,
  digest: { readonly update: (piece: Uint8Array) => void },
): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    digest.update(piece);
    yield piece;
  }
}

async function* once(piece: Uint8Array): AsyncGenerator<Uint8Array> {
  yield piece;
}

async function write(
  archive: string,
  writer: TreeWriter,
  { path, content, entry }: { path: string; content: AsyncIterable<Uint8Array>; entry: ArchiveEntry },
): Promise<void> {
  try {
    await writer.writeFile(path, content, { isExecutable: true });
  } catch (cause) {
    throw explainWriteFailure(archive, entry.parts.join('/'), cause);
  }
}

async function readUpTo(content: AsyncIterable<Uint8Array>, count: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content) {
    if (length >= count) break;
    pieces.push(new Uint8Array(piece.subarray(0, count - length)));
    length += Math.min(piece.length, count - length);
  }
  return Buffer.concat(pieces);
}
