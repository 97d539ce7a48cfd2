import type { Hash } from 'node:crypto';
import { checkOptionNames, checkSignal } from '../../errors/options.ts';
import type { FileDifference } from '../../errors/package-errors.ts';
import type { BudgetLimits } from '../files/budget.ts';
import { listPackageFiles, type PackageFile } from '../files/package-files.ts';
import { readFiles } from '../files/read-files.ts';
import type { ListedFile } from '../signing/signature-files.ts';
import { crypto } from './crypto.ts';

/** Options of `digestPackage()`. */
export interface DigestOptions {
  /**
   * Cancels the computation. The promise is rejected with the reason of the signal.
   *
   * @default `undefined`
   */
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
export async function digestPackage(dir: string, options: DigestOptions = {}): Promise<Buffer> {
  checkOptionNames('digestPackage()', options, ['signal']);
  checkSignal(options.signal, 'digestPackage()');
  const files = await listPackageFiles(dir, { signatures: 'exclude', signal: options.signal });
  return digestFiles(files, options.signal);
}

/** The digest of files that come in byte order of their paths. */
export async function digestFiles(
  files: readonly PackageFile[],
  signal?: AbortSignal,
  limits: Pick<BudgetLimits, 'maxBytes'> = {},
  onFile: (bytes: number) => void = () => {},
): Promise<Buffer> {
  const digest = new PackageDigest();
  for await (const file of readFiles(files, signal, limits)) {
    onFile(file.bytes);
    digest.beginFile(file.path, file.bytes);
    for await (const piece of file.content) digest.update(piece);
  }
  return digest.finish();
}

/** Builds a package digest from files that come in byte order of their paths. */
export class PackageDigest {
  readonly #hash: Hash = crypto().createHash('sha256');

  beginFile(path: string, bytes: number): void {
    const length = Buffer.byteLength(path);
    // In one piece: for a small file each update takes as long as hashing it.
    const head = Buffer.allocUnsafe(16 + length);
    head.writeBigUInt64LE(BigInt(length));
    head.write(path, 8);
    head.writeBigUInt64LE(BigInt(bytes), 8 + length);
    this.#hash.update(head);
  }

  update(content: Uint8Array): void {
    this.#hash.update(content);
  }

  finish(): Buffer {
    return this.#hash.digest();
  }
}

/** Computes a package digest from files in any order. It is known only if the order is the byte order of the paths. */
export class OrderedDigest {
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

  /** The package digest; `undefined` if the files came in another order. */
  finish(): Buffer | undefined {
    const digest = this.#digest.finish();
    return this.#isOrdered ? digest : undefined;
  }
}

/** Passes a content on, and adds it to a digest. */
export async function* digested(
  content: AsyncIterable<Uint8Array>,
  digest: { readonly update: (piece: Uint8Array) => void },
): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    digest.update(piece);
    yield piece;
  }
}

/** The digest of a package, and the digest of each file. */
export interface FileDigests {
  readonly digest: Buffer;
  readonly files: readonly ListedFile[];
}

/** Reads the files of a package once, and computes the package digest and the digest of each file. */
export async function computeFileDigests(
  packageFiles: readonly PackageFile[],
  signal?: AbortSignal,
  limits: Pick<BudgetLimits, 'maxBytes'> = {},
): Promise<FileDigests> {
  const digest = new PackageDigest();
  const files: ListedFile[] = [];
  for await (const file of readFiles(packageFiles, signal, limits)) {
    const hash = crypto().createHash('sha256');
    digest.beginFile(file.path, file.bytes);
    for await (const piece of file.content) {
      digest.update(piece);
      hash.update(piece);
    }
    files.push({ path: file.path, bytes: file.bytes, sha256: hash.digest('hex') });
  }
  return { digest: digest.finish(), files };
}

/** The differences between two lists of files, sorted by path. */
export function compareFiles(expected: readonly ListedFile[], found: readonly ListedFile[]): readonly FileDifference[] {
  const before = new Map(expected.map((file) => [file.path, file]));
  const now = new Map(found.map((file) => [file.path, file]));
  const removed = new Map(expected.filter(({ path }) => !now.has(path)).map((file) => [file.sha256, file.path]));

  const differences: FileDifference[] = [];
  for (const file of found) {
    const old = before.get(file.path);
    const from = removed.get(file.sha256);
    if (old !== undefined && old.sha256 !== file.sha256) differences.push({ path: file.path, kind: 'changed' });
    if (old === undefined && from === undefined) differences.push({ path: file.path, kind: 'added' });
    if (old === undefined && from !== undefined) differences.push({ path: file.path, kind: 'renamed', from });
    if (old === undefined) removed.delete(file.sha256);
  }
  const renamed = new Set(differences.map(({ from }) => from));
  for (const { path } of expected) {
    if (!now.has(path) && !renamed.has(path)) differences.push({ path, kind: 'removed' });
  }
  return differences.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}
