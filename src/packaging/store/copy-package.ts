import { PackageDigest } from '../digest.ts';
import { listPackageFiles } from '../package-files.ts';
import { readFiles } from '../read-files.ts';
import { isOurSignature } from '../signing/signature-files.ts';
import { TimeSlice } from '../time-slice.ts';
import { TreeWriter } from '../write-tree.ts';

/**
 * Copies what the digest covers, and computes the digest from the very bytes that are written.
 *
 * @returns the digest, and the paths of what was left out.
 */
export async function copyPackage(
  dir: string,
  into: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly digest: Buffer; readonly leftOut: readonly string[] }> {
  const leftOut: string[] = [];
  const files = await listPackageFiles(dir, {
    signatures: 'leave out',
    signal,
    onLeftOut: (path) => leftOut.push(path),
  });
  const digest = new PackageDigest();
  const writer = new TreeWriter(into, new TimeSlice(signal));
  for await (const file of readFiles(files, signal)) {
    digest.beginFile(file.path, file.bytes);
    await writer.writeFile(file.path, digested(file.content, digest), { isExecutable: (file.mode & 0o111) !== 0 });
  }
  return { digest: digest.finish(), leftOut: leftOut.filter((path) => !isOurSignature(path)) };
}

async function* digested(content: AsyncIterable<Uint8Array>, digest: PackageDigest): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    digest.update(piece);
    yield piece;
  }
}
