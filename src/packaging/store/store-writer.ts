import type { OpenArchive, ReadArchiveOptions } from '../archive/read-archive.ts';
import { explainWriteFailure } from '../archive/unpack-package.ts';
import { digested, OrderedDigest, PackageDigest } from '../digest/package-digest.ts';
import { CooperativeYield } from '../files/cooperative-yield.ts';
import type { PackageFile } from '../files/package-files.ts';
import { readFiles } from '../files/read-files.ts';
import { TreeWriter } from '../files/tree-writer.ts';
import { type PackageFacts, readUpTo, visitCoveredFiles } from './archive-content.ts';
import type { ArchiveSnapshot } from './archive-snapshot.ts';
import { FilesInMemory, piecesOf } from './archive-snapshot.ts';

interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly maxBytes?: number | undefined;
}

/** Files of a folder that were read without writing anything. */
export interface ReadFolder {
  readonly digest: Buffer;
  /** The contents, if memory can hold them. */
  readonly inMemory: FilesInMemory | undefined;
}

/**
 * Computes the digest of files that come in byte order of their paths.
 *
 * @param options with `hold`, the contents are kept in memory for {@link writeFilesInMemory} as far as it can hold them.
 */
export async function readFolder(
  files: readonly PackageFile[],
  { signal, maxBytes, hold }: CopyOptions & { readonly hold: boolean },
): Promise<ReadFolder> {
  const digest = new PackageDigest();
  let inMemory = hold ? new FilesInMemory() : undefined;
  for await (const file of readFiles(files, signal, { maxBytes })) {
    digest.beginFile(file.path, file.bytes);
    const content = digested(file.content, digest);
    if (inMemory?.hasRoomFor(file.bytes) === false) inMemory = undefined;
    if (inMemory === undefined) for await (const _ of content);
    else inMemory.add(file.path, await readUpTo(content, file.bytes));
  }
  return { digest: digest.finish(), inMemory };
}

/** Writes files that were kept in memory, in the stored form of {@link copyPackage}. */
export async function writeFilesInMemory(
  inMemory: FilesInMemory,
  into: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const writer = new TreeWriter(into, new CooperativeYield(signal), { readOnly: true });
  for (const [path, content] of inMemory.entries())
    await writer.writeFile(path, piecesOf(content), { isExecutable: true });
}

/**
 * Copies files, in byte order of their paths, and computes the digest from the written bytes.
 *
 * The copy is a function of the digest: it consists of paths and contents. Folders follow from the paths, and all modes are the
 * same.
 */
export async function copyPackage(
  files: readonly PackageFile[],
  into: string,
  { signal, maxBytes }: CopyOptions,
): Promise<Buffer> {
  const digest = new PackageDigest();
  const writer = new TreeWriter(into, new CooperativeYield(signal), { readOnly: true });
  for await (const file of readFiles(files, signal, { maxBytes })) {
    digest.beginFile(file.path, file.bytes);
    await writer.writeFile(file.path, digested(file.content, digest), { isExecutable: true });
  }
  return digest.finish();
}

export interface UnpackedFiles {
  readonly facts: PackageFacts;
  /** The package digest of the written bytes; `undefined` if the order of the archive is not that of the digest. */
  readonly digest: Buffer | undefined;
}

/** Reads an archive once, and writes what the package digest covers. */
export async function unpackIntoStore(
  archive: OpenArchive,
  options: ReadArchiveOptions,
  writer: TreeWriter,
): Promise<UnpackedFiles> {
  const digest = new OrderedDigest();
  const facts = await visitCoveredFiles(archive, options, async ({ path, bytes, content, entry }) => {
    digest.beginFile(path, bytes);
    await write(archive, writer, entry, { path, content: digested(content, digest) });
  });
  return { facts, digest: digest.finish() };
}

/** Writes the files of an archive that was read before: those very files, or none. */
export async function writeSnapshot(
  archive: OpenArchive,
  snapshot: ArchiveSnapshot,
  writer: TreeWriter,
): Promise<UnpackedFiles> {
  await snapshot.writeFiles(async (path, content) => write(archive, writer, path, { path, content }));
  return { facts: snapshot.facts, digest: snapshot.digest };
}

async function write(
  archive: OpenArchive,
  writer: TreeWriter,
  entry: string,
  file: { readonly path: string; readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array> },
): Promise<void> {
  try {
    await writer.writeFile(file.path, file.content, { isExecutable: true });
  } catch (cause) {
    throw explainWriteFailure(archive.path, entry, cause);
  }
}
