import { FidiusError } from '../../errors/fidius-error.ts';
import {
  type ArchiveEntry,
  noManifest,
  type OpenArchive,
  type ReadArchiveOptions,
  readArchive,
  readOpenArchive,
} from '../archive/read-archive.ts';
import { crypto } from '../digest/crypto.ts';
import type { FileDigests } from '../digest/package-digest.ts';
import { digested, OrderedDigest } from '../digest/package-digest.ts';
import { uncoveredPart } from '../files/package-files.ts';
import { checkManifestSize, decodeManifest, manifestFileName } from '../manifest/manifest-text.ts';
import { maxListBytes, type PackageContent } from '../signing/explain-mismatch.ts';
import {
  type FileListText,
  fileListName,
  isOurSignature,
  type ListedFile,
  readListText,
  signatureBytes,
  signatureFileName,
} from '../signing/signature-files.ts';

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

  async computeFileDigests(): Promise<FileDigests> {
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

/** A file of an archive that the package digest covers. */
export interface CoveredFile {
  /** Path below the package. */
  readonly path: string;
  readonly bytes: number;
  /** Must be read in full before the visit ends. */
  readonly content: AsyncIterable<Uint8Array>;
  /** Path in the archive, for messages. */
  readonly entry: string;
}

/** The parts of a package in an archive that are not files covered by its digest. */
export interface PackageFacts {
  /** Where the manifest was found, for messages. */
  readonly origin: string;
  /** The text of `package.toml`, not validated yet. */
  readonly manifest: string;
  /** The signature in the archive, as `readSignature()` returns it. */
  readonly signature: Buffer | undefined;
  /** Paths that the digest does not cover, except the signature files. */
  readonly excluded: readonly string[];
}

/**
 * Reads a whole archive, and visits the files that the package digest covers in the order of the archive.
 *
 * Folders and modes of the archive are ignored.
 *
 * @throws ArchiveError; and the errors of `visit`.
 */
export async function visitCoveredFiles(
  archive: OpenArchive,
  options: ReadArchiveOptions,
  visit: (file: CoveredFile) => Promise<void>,
): Promise<PackageFacts> {
  const excluded = new Set<string>();
  let origin = '';
  let manifest: Buffer | undefined;
  let signature: Buffer | undefined;
  for await (const file of readOpenArchive(archive, options)) {
    if (file.kind === 'folder') continue;
    const parts = file.parts.slice(1);
    const path = parts.join('/');
    const uncovered = uncoveredPart(parts);
    if (path === signatureFileName) signature = await readUpTo(file.content, signatureBytes + 1);
    if (uncovered !== undefined) {
      if (!isOurSignature(path)) excluded.add(uncovered);
      continue;
    }
    let { content } = file;
    if (path === manifestFileName) {
      origin = originOf(archive, file);
      checkManifestSize(origin, file.size);
      manifest = await readUpTo(content, file.size);
      content = once(manifest);
    }
    await visit({ path, bytes: file.size, content, entry: file.parts.join('/') });
  }
  if (manifest === undefined) throw noManifest(archive.path);
  return { origin, manifest: decodeManifest(origin, manifest), signature, excluded: [...excluded] };
}

function originOf(archive: OpenArchive, { parts }: ArchiveEntry): string {
  return `${archive.path}!${parts.join('/')}`;
}

/** The first `count` bytes of a content, fewer if it is shorter. */
export async function readUpTo(content: AsyncIterable<Uint8Array>, count: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content) {
    if (length >= count) break;
    pieces.push(new Uint8Array(piece.subarray(0, count - length)));
    length += Math.min(piece.length, count - length);
  }
  return Buffer.concat(pieces);
}

async function* once(piece: Uint8Array): AsyncGenerator<Uint8Array> {
  yield piece;
}

/** @param origin folder or archive whose content differs from the content that was verified. */
export function packageChanged(origin: string): FidiusError {
  return new FidiusError('FIDIUS_PACKAGE_CHANGED', `Cannot store package ${origin}: it changed while it was stored`, {
    hint: 'Wait until no process writes to the package, then try again.',
  });
}
