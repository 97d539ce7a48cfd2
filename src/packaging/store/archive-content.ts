import type { OpenArchive } from '../archive/open-archive.ts';
import { type ReadArchiveOptions, readArchive, readOpenArchive } from '../archive/read-archive.ts';
import { uncoveredPart } from '../coverage.ts';
import { crypto } from '../crypto.ts';
import { type FileListText, type ListedFile, readListText } from '../signing/file-list.ts';
import { type Inventory } from '../signing/inventory.ts';
import { maxListBytes, type PackageContent } from '../signing/package-content.ts';
import { fileListName } from '../signing/signature-files.ts';
import { digested, OrderedDigest } from './ordered-digest.ts';
import { readUpTo } from './package-entries.ts';

/** A package in an archive. Each method decompresses the archive again, and writes nothing. */
export class ArchiveContent implements PackageContent {
  readonly #archive: OpenArchive | string;
  readonly #options: ReadArchiveOptions;

  /** @param archive path of an archive, or the archive itself if it is already open. */
  constructor(archive: OpenArchive | string, options: ReadArchiveOptions) {
    this.#archive = archive;
    this.#options = options;
  }

  async readFileList(): Promise<FileListText | undefined> {
    for await (const { kind, parts, size, content } of this.#entries()) {
      if (kind !== 'file' || parts.slice(1).join('/') !== fileListName) continue;
      return size > maxListBytes ? undefined : readListText(await readUpTo(content, size));
    }
    return undefined;
  }

  async takeInventory(): Promise<Inventory> {
    const digest = new OrderedDigest();
    const files: ListedFile[] = [];
    for await (const { kind, parts, size, content } of this.#entries()) {
      const path = parts.slice(1).join('/');
      if (kind !== 'file' || uncoveredPart(parts.slice(1)) !== undefined) continue;
      const hash = crypto().createHash('sha256');
      digest.beginFile(path, size);
      for await (const piece of digested(content, digest)) hash.update(piece);
      files.push({ path, bytes: size, sha256: hash.digest('hex') });
    }
    return { digest: digest.finish() ?? Buffer.alloc(0), files };
  }

  #entries(): ReturnType<typeof readArchive> {
    return typeof this.#archive === 'string'
      ? readArchive(this.#archive, this.#options)
      : readOpenArchive(this.#archive, this.#options);
  }
}
