import { PackageDigest } from '../digest.ts';
import type { PackageFile } from '../package-files.ts';
import { readFiles } from '../read-files.ts';
import { TimeSlice } from '../time-slice.ts';
import { TreeWriter } from '../write-tree.ts';
import { HeldFiles, piecesOf } from './held-files.ts';
import { digested } from './ordered-digest.ts';
import { readUpTo } from './package-entries.ts';

interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly maxBytes?: number | undefined;
}

/** Files of a folder that were read without writing anything. */
export interface ReadFolder {
  readonly digest: Buffer;
  /** The contents, if memory can hold them. */
  readonly held: HeldFiles | undefined;
}

/**
 * Computes the digest of files that come in byte order of their paths.
 *
 * @param options with `hold`, the contents are kept in memory for {@link writeHeldFiles} as far as it can hold them.
 */
export async function readFolder(
  files: readonly PackageFile[],
  { signal, maxBytes, hold }: CopyOptions & { readonly hold: boolean },
): Promise<ReadFolder> {
  const digest = new PackageDigest();
  let held = hold ? new HeldFiles() : undefined;
  for await (const file of readFiles(files, signal, { maxBytes })) {
    digest.beginFile(file.path, file.bytes);
    const content = digested(file.content, digest);
    if (held?.hasRoomFor(file.bytes) === false) held = undefined;
    if (held === undefined) for await (const _ of content);
    else held.add(file.path, await readUpTo(content, file.bytes));
  }
  return { digest: digest.finish(), held };
}

/** Writes files that were kept in memory, in the stored form of {@link copyPackage}. */
export async function writeHeldFiles(held: HeldFiles, into: string, signal: AbortSignal | undefined): Promise<void> {
  const writer = new TreeWriter(into, new TimeSlice(signal), { sealed: true });
  for (const [path, content] of held.entries()) await writer.writeFile(path, piecesOf(content), { isExecutable: true });
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
  const writer = new TreeWriter(into, new TimeSlice(signal), { sealed: true });
  for await (const file of readFiles(files, signal, { maxBytes })) {
    digest.beginFile(file.path, file.bytes);
    await writer.writeFile(file.path, digested(file.content, digest), { isExecutable: true });
  }
  return digest.finish();
}
