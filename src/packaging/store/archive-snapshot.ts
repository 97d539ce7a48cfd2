import type { Hash } from 'node:crypto';
import type { OpenArchive, ReadArchiveOptions } from '../archive/read-archive.ts';
import { crypto } from '../digest/crypto.ts';
import { digested, OrderedDigest, PackageDigest } from '../digest/package-digest.ts';
import { CooperativeYield } from '../files/cooperative-yield.ts';
import { type CoveredFile, type PackageFacts, packageChanged, readUpTo, visitCoveredFiles } from './archive-content.ts';

/** Size and hash of a file when the archive was read first. */
interface RecordedFile {
  readonly bytes: number;
  readonly sha256: Buffer;
}

/**
 * The result of reading an archive once, without writing anything: the package digest, and what is needed to write exactly
 * the files of that digest afterwards.
 *
 * The files of a small package are kept in memory. Of a larger one, the hash of each file is kept, and the archive is read again.
 * A file that differs then is rejected before it is written, or, if it is too large for memory, before it is used.
 */
export class ArchiveSnapshot {
  readonly facts: PackageFacts;
  readonly digest: Buffer;
  readonly #archive: OpenArchive;
  readonly #options: ReadArchiveOptions;
  readonly #files: RecordedFiles;

  private constructor(
    archive: OpenArchive,
    options: ReadArchiveOptions,
    { facts, digest, files }: { facts: PackageFacts; digest: Buffer; files: RecordedFiles },
  ) {
    this.facts = facts;
    this.digest = digest;
    this.#archive = archive;
    this.#options = options;
    this.#files = files;
  }

  /**
   * Reads an archive. An archive whose files are not in the order of the digest, and that is too large for memory, is
   * read several times.
   *
   * @param accept throws to reject the archive after it was read once.
   * @throws ArchiveError; FidiusError `FIDIUS_PACKAGE_CHANGED`
   */
  static async read(
    archive: OpenArchive,
    options: ReadArchiveOptions,
    accept: (facts: PackageFacts) => void = () => {},
  ): Promise<ArchiveSnapshot> {
    const files = new RecordedFiles(archive.path, options.signal);
    const facts = await visitCoveredFiles(archive, options, (file) => files.add(file));
    accept(facts);
    const digest = (await files.digest()) ?? (await digestInBatches(archive, options, files));
    return new ArchiveSnapshot(archive, options, { facts, digest, files });
  }

  /** Whether the files are in memory, so that {@link ArchiveSnapshot.writeFiles} does not read the archive again. */
  get isInMemory(): boolean {
    return this.#files.inMemory !== undefined;
  }

  /** Path and size of each file, in the order of the archive. */
  get sizes(): readonly (readonly [path: string, bytes: number])[] {
    return this.#files.sizes();
  }

  /**
   * Passes each file of the package to `write`.
   *
   * @throws FidiusError `FIDIUS_PACKAGE_CHANGED` if the archive no longer holds the same files.
   */
  async writeFiles(
    write: (path: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => Promise<void>,
  ): Promise<void> {
    if (this.#files.inMemory !== undefined) {
      for (const [path, content] of this.#files.inMemory.entries()) await write(path, piecesOf(content));
      return;
    }
    const seen = new Set<string>();
    await visitCoveredFiles(this.#archive, this.#options, async (file) => {
      seen.add(file.path);
      const content = this.#files.compared(file);
      // Compared before it is written, where memory can hold it.
      await write(file.path, file.bytes > maxMemoryBytes ? content : piecesOf(await readUpTo(content, file.bytes)));
    });
    if (seen.size !== this.#files.count) throw packageChanged(this.#archive.path);
  }
}

/** The files of an archive as they were read first. */
class RecordedFiles {
  /** The contents, until they are too large together. */
  inMemory: FilesInMemory | undefined = new FilesInMemory();
  readonly #origin: string;
  readonly #yielding: CooperativeYield;
  readonly #hashed = new Map<string, RecordedFile>();
  readonly #digest = new OrderedDigest();

  constructor(origin: string, signal: AbortSignal | undefined) {
    this.#origin = origin;
    this.#yielding = new CooperativeYield(signal);
  }

  get count(): number {
    return this.#hashed.size;
  }

  sizes(): readonly (readonly [path: string, bytes: number])[] {
    if (this.inMemory === undefined) return [...this.#hashed].map(([path, { bytes }]) => [path, bytes]);
    return Array.from(this.inMemory.entries(), ([path, content]) => [path, content.length]);
  }

  async add(file: CoveredFile): Promise<void> {
    const { path, bytes, content } = file;
    this.#digest.beginFile(path, bytes);
    if (this.inMemory !== undefined && !this.inMemory.hasRoomFor(bytes)) await this.#dropContents(this.inMemory);
    if (this.inMemory !== undefined) {
      const inMemory = await readUpTo(content, bytes);
      for (const piece of piecesOf(inMemory)) await this.#update(this.#digest, piece);
      this.inMemory.add(path, inMemory);
      return;
    }
    const hash = newHash();
    for await (const piece of digested(content, this.#digest)) hash.update(piece);
    this.#hashed.set(path, { bytes, sha256: hash.digest() });
  }

  /** The package digest; `undefined` if the files have to be read again for it, in another order. */
  async digest(): Promise<Buffer | undefined> {
    const ordered = this.#digest.finish();
    if (ordered !== undefined || this.inMemory === undefined) return ordered;
    const digest = new PackageDigest();
    const contents = new Map(this.inMemory.entries());
    for (const path of inByteOrder(contents.keys())) {
      const content = contents.get(path) ?? Buffer.alloc(0);
      digest.beginFile(path, content.length);
      for (const piece of piecesOf(content)) await this.#update(digest, piece);
    }
    return digest.finish();
  }

  /** Paths in the order of the digest, in groups that memory can hold. A larger file forms a separate group. */
  *batches(): Generator<readonly string[]> {
    let [batch, total]: [string[], number] = [[], 0];
    for (const path of inByteOrder(this.#hashed.keys())) {
      const bytes = this.#hashed.get(path)?.bytes ?? 0;
      if (batch.length > 0 && total + bytes > maxMemoryBytes) {
        yield batch;
        [batch, total] = [[], 0];
      }
      batch.push(path);
      total += bytes;
    }
    if (batch.length > 0) yield batch;
  }

  /**
   * The content of a file that is read again, compared with the first reading at its end.
   *
   * @throws FidiusError `FIDIUS_PACKAGE_CHANGED`
   */
  async *compared({ path, bytes, content }: CoveredFile): AsyncGenerator<Uint8Array> {
    const known = this.#hashed.get(path);
    if (known === undefined || known.bytes !== bytes) throw packageChanged(this.#origin);
    const hash = newHash();
    for await (const piece of content) {
      hash.update(piece);
      yield piece;
    }
    if (!hash.digest().equals(known.sha256)) throw packageChanged(this.#origin);
  }

  async #dropContents(inMemory: FilesInMemory): Promise<void> {
    this.inMemory = undefined;
    for (const [path, content] of inMemory.entries()) {
      const hash = newHash();
      for (const piece of piecesOf(content)) await this.#update(hash, piece);
      this.#hashed.set(path, { bytes: content.length, sha256: hash.digest() });
    }
  }

  async #update(hash: { readonly update: (piece: Uint8Array) => unknown }, piece: Uint8Array): Promise<void> {
    hash.update(piece);
    if (this.#yielding.isDue) await this.#yielding.pause();
  }
}

/** Reads the archive once for each group of files: SHA-256 needs the contents in the order of the paths. */
async function digestInBatches(
  archive: OpenArchive,
  options: ReadArchiveOptions,
  files: RecordedFiles,
): Promise<Buffer> {
  const digest = new PackageDigest();
  const yielding = new CooperativeYield(options.signal);
  for (const batch of files.batches()) {
    const wanted = new Set(batch);
    const contents = new Map<string, Buffer>();
    await visitCoveredFiles(archive, options, async (file) => {
      if (!wanted.delete(file.path)) return;
      const content = files.compared(file);
      if (file.bytes <= maxMemoryBytes) contents.set(file.path, await readUpTo(content, file.bytes));
      else {
        digest.beginFile(file.path, file.bytes);
        for await (const piece of content) digest.update(piece);
      }
    });
    if (wanted.size > 0) throw packageChanged(archive.path);
    for (const path of batch) {
      const content = contents.get(path);
      if (content === undefined) continue;
      digest.beginFile(path, content.length);
      for (const piece of piecesOf(content)) {
        digest.update(piece);
        if (yielding.isDue) await yielding.pause();
      }
    }
  }
  return digest.finish();
}

function inByteOrder(paths: Iterable<string>): readonly string[] {
  return Array.from(paths, (path) => ({ path, key: Buffer.from(path) }))
    .sort((a, b) => a.key.compare(b.key))
    .map(({ path }) => path);
}

function newHash(): Hash {
  return crypto().createHash('sha256');
}

/** How many bytes of a package are in memory at any time, whatever there is of it. */
export const maxMemoryBytes = 16 * 1024 * 1024;

/** The most that is kept of a package between its verification and its storage. Packages with pandas are smaller. */
const mostHeldBytes = 256 * 1024 * 1024;

/**
 * How many bytes of a package are kept in memory between its verification and its storage. A larger package is read again, which
 * takes as long as the first reading. An eighth of the memory that the process can still get, in a container, too.
 */
function heldBytes(): number {
  return Math.max(maxMemoryBytes, Math.min(mostHeldBytes, process.availableMemory() / 8));
}

/** The verified files of a package, kept in memory so that the stored bytes are the verified ones. */
export class FilesInMemory {
  readonly #limit = heldBytes();
  readonly #contents = new Map<string, Buffer>();
  #bytes = 0;

  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.#limit;
  }

  add(path: string, content: Buffer): void {
    this.#contents.set(path, content);
    this.#bytes += content.length;
  }

  /** Path and content of each file, in the order in which they were added. */
  entries(): Iterable<[path: string, content: Buffer]> {
    return this.#contents;
  }
}

const pieceBytes = 256 * 1024;

/** Cuts a content, so that the event loop can run between two pieces. */
export function* piecesOf(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
}
