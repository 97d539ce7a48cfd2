import { PackageDigest } from '../digest.ts';
import type { PackageFile } from '../package-files.ts';
import { readFiles } from '../read-files.ts';
import { TimeSlice } from '../time-slice.ts';
import { TreeWriter } from '../write-tree.ts';

/**
 * Copies files, in byte order of their paths, and computes the digest from the very bytes that are written.
 *
 * The copy is a function of the digest: paths and contents, nothing else. Folders follow from the paths, modes are all the same.
 */
export async function copyPackage(
  files: readonly PackageFile[],
  into: string,
  options: { readonly signal?: AbortSignal | undefined; readonly maxBytes?: number | undefined },
): Promise<Buffer> {
  const { signal, maxBytes } = options;
  const digest = new PackageDigest();
  const writer = new TreeWriter(into, new TimeSlice(signal), { sealed: true });
  for await (const file of readFiles(files, signal, { maxBytes })) {
    digest.beginFile(file.path, file.bytes);
    await writer.writeFile(file.path, digested(file.content, digest), { isExecutable: true });
  }
  return digest.finish();
}

async function* digested(content: AsyncIterable<Uint8Array>, digest: PackageDigest): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    digest.update(piece);
    yield piece;
  }
}
