import { explainWriteFailure } from '../archive/extract-archive.ts';
import type { OpenArchive } from '../archive/open-archive.ts';
import type { ReadArchiveOptions } from '../archive/read-archive.ts';
import type { TreeWriter } from '../write-tree.ts';
import type { ArchiveSurvey } from './archive-survey.ts';
import { digested, OrderedDigest } from './ordered-digest.ts';
import { type PackageFacts, visitCoveredFiles } from './package-entries.ts';

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
export async function writeSurveyed(
  archive: OpenArchive,
  survey: ArchiveSurvey,
  writer: TreeWriter,
): Promise<UnpackedFiles> {
  await survey.writeFiles(async (path, content) => write(archive, writer, path, { path, content }));
  return { facts: survey.facts, digest: survey.digest };
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
