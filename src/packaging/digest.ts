import type { Hash } from 'node:crypto';
import { checkOptionNames } from '../errors/options.ts';
import { crypto } from './crypto.ts';
import { listPackageFiles, type PackageFile } from './package-files.ts';
import { readFiles } from './read-files.ts';

export interface DigestOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The digest of a package: 32 bytes, the same as the Rust tool computes, and the message that a signature signs.
 *
 * It covers the path and content of every file, except files that end in `.sig` and folders called `target` or `.git`. It
 * does not cover modes, times, owners and empty folders.
 *
 * @throws FidiusError what {@link listPackageFiles} and {@link readFiles} throw; the reason of `signal`.
 */
export async function packageDigest(dir: string, options: DigestOptions = {}): Promise<Buffer> {
  checkOptionNames('packageDigest()', options, ['signal']);
  const files = await listPackageFiles(dir, { signatures: 'leave out', signal: options.signal });
  return digestFiles(files, options.signal);
}

/** The digest of files that come in byte order of their paths. */
export async function digestFiles(files: readonly PackageFile[], signal?: AbortSignal): Promise<Buffer> {
  const digest = new PackageDigest();
  for await (const file of readFiles(files, signal)) {
    digest.beginFile(file.path, file.bytes);
    for await (const piece of file.content) digest.update(piece);
  }
  return digest.finish();
}

/** Builds a package digest from files that come in byte order of their paths. */
export class PackageDigest {
  readonly #hash: Hash = crypto().createHash('sha256');

  beginFile(path: string, bytes: number): void {
    const name = Buffer.from(path);
    this.#hash.update(uint64(name.length)).update(name).update(uint64(bytes));
  }

  update(content: Uint8Array): void {
    this.#hash.update(content);
  }

  finish(): Buffer {
    return this.#hash.digest();
  }
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
