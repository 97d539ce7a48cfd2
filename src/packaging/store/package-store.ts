import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { checkSignal, throwIfAborted } from '../../errors/option-values.ts';
import { checkOptionNames } from '../../errors/options.ts';
import { extractArchive, type UnpackOptions } from '../archive/extract-archive.ts';
import { type ArchiveLimits, limitNames } from '../archive/limits.ts';
import { digestFiles, packageDigest } from '../digest.ts';
import { ioCode } from '../io-error.ts';
import { loadManifest, type Manifest, readManifest } from '../manifest.ts';
import { manifestFileName, readManifestText } from '../manifest-text.ts';
import { listPackageFiles } from '../package-files.ts';
import { packageStem } from '../package-name.ts';
import { isOurSignature, signatureFiles } from '../signing/signature-files.ts';
import { Trust, type TrustOptions, trustOptionNames } from '../signing/trust.ts';
import type { TrustedKey } from '../signing/trust-store.ts';
import { readSignature, requireTrusted } from '../signing/verify-package.ts';
import { createStaging, removeTree } from '../staging.ts';
import { copyPackage } from './copy-package.ts';
import { StoreMemory } from './store-memory.ts';
import { StoredTrees } from './stored-trees.ts';

/** How a package gets into a store. */
export interface StoreOptions extends TrustOptions, UnpackOptions {
  /** Refuses what no trusted key signed. Default `false`: signatures are then not looked at. */
  readonly requireSignature?: boolean | undefined;
}

/** A package in a store. Nobody writes to its folder any more. */
export interface StoredPackage {
  readonly dir: string;
  readonly manifest: Manifest;
  /** What identifies the content: see `packageDigest()`. */
  readonly digest: Buffer;
  /** The key whose signature was required and found. */
  readonly signedBy: TrustedKey | undefined;
  /**
   * What the source holds but the store does not, because no signature covers it: folders called `target` or `.git`, and
   * files that end in `.sig`.
   */
  readonly leftOut: readonly string[];
}

/**
 * Keeps packages by their content, read-only.
 *
 * What is verified is what runs: the digest is computed from the very bytes that are stored, the signature is checked against
 * that digest, and the code is then imported from the store. Changing the folder or the archive that a package came from has
 * no effect on what was stored; loading that source again notices the change.
 */
export class PackageStore {
  readonly dir: string;
  readonly #trees: StoredTrees;
  readonly #archives: StoreMemory;

  private constructor(dir: string) {
    this.dir = dir;
    this.#trees = new StoredTrees(join(dir, 'content'));
    this.#archives = new StoreMemory(join(dir, 'archives'));
  }

  /**
   * Opens a store, and creates it where there is none.
   *
   * @throws FidiusError `FIDIUS_STORE_UNSAFE`, `FIDIUS_STORE_UNWRITABLE`
   */
  static async open(dir: string): Promise<PackageStore> {
    const store = resolve(dir);
    await attempt(store, async () => {
      await mkdir(join(store, 'content'), { recursive: true, mode: 0o700 });
      await requirePrivate(store);
    });
    return new PackageStore(store);
  }

  /**
   * Stores the package in a folder.
   *
   * @throws SignatureError; ManifestError; FidiusError `FIDIUS_STORE_UNWRITABLE`, and what `packageDigest()` throws; the
   * reason of `signal`.
   */
  async addFolder(
    dir: string,
    options: Omit<StoreOptions, keyof ArchiveLimits | 'onProgress'> = {},
  ): Promise<StoredPackage> {
    checkOptionNames('PackageStore.addFolder()', options, [...trustOptionNames, 'requireSignature', 'signal']);
    checkSignal(options.signal, 'PackageStore.addFolder()');
    throwIfAborted(options.signal);
    const verify = createCheck(options);
    const signature = await readSignature(dir);
    const stem = stemOf(loadManifest(dir));

    // Most likely it is there, if another of its name is: then reading is enough, nothing needs to be written.
    if (await this.#trees.hasLike(stem)) {
      const { digest, leftOut } = await digestFolder(dir, options.signal);
      if (await this.#trees.has(nameOf(stem, digest), digest)) {
        const signedBy = await verify(dir, { dir, digest, signature });
        return this.#stored(nameOf(stem, digest), { digest, signedBy, leftOut });
      }
    }
    return this.#build(dir, async (staging) => {
      const built = join(staging, 'package');
      await mkdir(built);
      const { digest, leftOut } = await copyPackage(dir, built, options.signal);
      const signedBy = await verify(dir, { dir, digest, signature });
      for (const name of signatureFiles) await copyFile(join(dir, name), join(built, name)).catch(ignoreMissing);
      return this.#place(built, join(dir, manifestFileName), { digest, signedBy, leftOut });
    });
  }

  /**
   * Stores the package in an archive. One that was stored before, and has not changed since, is not unpacked again.
   *
   * @throws ArchiveError; and what {@link PackageStore.addFolder} throws.
   */
  async addArchive(archive: string, options: StoreOptions = {}): Promise<StoredPackage> {
    const known = [...trustOptionNames, ...limitNames, 'onProgress', 'requireSignature', 'signal'];
    checkOptionNames('PackageStore.addArchive()', options, known);
    checkSignal(options.signal, 'PackageStore.addArchive()');
    throwIfAborted(options.signal);
    const verify = createCheck(options);
    const key = await this.#archives.keyOf(archive).catch(() => undefined);
    const remembered = key === undefined ? undefined : await this.#archives.recall(key);
    if (remembered !== undefined && (await this.#trees.has(remembered.name, remembered.digest))) {
      const { name, digest, signature, leftOut } = remembered;
      const signedBy = await verify(archive, { dir: this.#trees.pathOf(name), digest, signature });
      return this.#stored(name, { digest, signedBy, leftOut });
    }

    return this.#build(archive, async (staging) => {
      const { root } = await extractArchive(archive, staging, options);
      const built = join(staging, root);
      const leftOut = await removeUncovered(built);
      const digest = await packageDigest(built, { signal: options.signal });
      const signature = await readSignature(built);
      const signedBy = await verify(archive, { dir: built, digest, signature });
      const stored = await this.#place(built, `${archive}!${root}/${manifestFileName}`, { digest, signedBy, leftOut });
      if (key !== undefined && key === (await this.#archives.keyOf(archive))) {
        await this.#archives.remember(key, { name: basename(stored.dir), digest, signature, leftOut });
      }
      return stored;
    });
  }

  /** Names of the stored packages: name, version and digest. */
  async list(): Promise<readonly string[]> {
    return this.#trees.list();
  }

  /** Removes a stored package. Whoever runs code from it may fail from then on. */
  async remove(name: string): Promise<void> {
    if (!(await this.list()).includes(name)) return;
    await attempt(this.dir, () => this.#trees.remove(name));
  }

  async #build(origin: string, body: (staging: string) => Promise<StoredPackage>): Promise<StoredPackage> {
    const staging = await attempt(this.dir, () => createStaging(join(this.dir, 'content')));
    try {
      return await attempt(`${this.dir}, for ${origin}`, () => body(staging));
    } finally {
      await removeTree(staging);
    }
  }

  /** The manifest is read from what was stored, not from what was offered. */
  async #place(built: string, manifestOrigin: string, facts: StoredFacts): Promise<StoredPackage> {
    const manifest = readManifest(readManifestText(built), manifestOrigin);
    const name = nameOf(stemOf(manifest), facts.digest);
    await this.#trees.add(name, built);
    return { dir: this.#trees.pathOf(name), manifest, ...facts };
  }

  #stored(name: string, facts: StoredFacts): StoredPackage {
    const dir = this.#trees.pathOf(name);
    return { dir, manifest: loadManifest(dir), ...facts };
  }
}

type StoredFacts = Omit<StoredPackage, 'dir' | 'manifest'>;
type SignedContent = { readonly dir: string; readonly digest: Buffer; readonly signature: Buffer | undefined };

/** Checks a signature if one is required; fails early when a key is unusable. */
function createCheck(
  options: StoreOptions,
): (origin: string, content: SignedContent) => Promise<TrustedKey | undefined> {
  const trust = new Trust(options);
  return async (origin, content) => {
    return options.requireSignature === true ? requireTrusted(origin, { ...content, trust }) : undefined;
  };
}

async function digestFolder(
  dir: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly digest: Buffer; readonly leftOut: readonly string[] }> {
  const leftOut: string[] = [];
  const onLeftOut = (path: string) => leftOut.push(path);
  const files = await listPackageFiles(dir, { signatures: 'leave out', signal, onLeftOut });
  return { digest: await digestFiles(files, signal), leftOut: leftOut.filter((path) => !isOurSignature(path)) };
}

/** Removes from an unpacked archive what no signature covers, and says what that was. */
async function removeUncovered(dir: string): Promise<readonly string[]> {
  const uncovered: string[] = [];
  await listPackageFiles(dir, { signatures: 'leave out', onLeftOut: (path) => uncovered.push(path) });
  const leftOut = uncovered.filter((path) => !isOurSignature(path));
  for (const path of leftOut) await rm(join(dir, path), { recursive: true });
  return leftOut;
}

/** Whoever may write to the store decides what code runs: that must be nobody but its owner. */
async function requirePrivate(dir: string): Promise<void> {
  const { uid, mode } = await stat(dir);
  const isOurs = process.getuid === undefined || uid === process.getuid();
  // Windows has no such bits; its folders of caches are private by themselves.
  const isShared = process.getuid !== undefined && (mode & 0o022) !== 0;
  if (isOurs && !isShared) return;
  const problem = isOurs
    ? `other users may write to it (mode ${(mode & 0o777).toString(8)})`
    : 'it belongs to another user';
  throw new FidiusError('FIDIUS_STORE_UNSAFE', `Cannot use the package store ${dir}: ${problem}`, {
    hint: isOurs ? `Run chmod go-w ${dir}, after a look at what is in it.` : 'Name another folder as the store.',
  });
}

function nameOf(stem: string, digest: Buffer): string {
  return `${stem}-${digest.toString('hex')}`;
}

/** Name and version where they can be part of a path; the digest alone tells packages apart. */
function stemOf(manifest: Manifest): string {
  try {
    return packageStem(manifest);
  } catch {
    return 'package';
  }
}

function ignoreMissing(cause: unknown): void {
  if (ioCode(cause) !== 'ENOENT') throw cause;
}

async function attempt<T>(store: string, action: () => Promise<T>): Promise<T> {
  return action().catch((cause: unknown) => {
    if (isFidiusError(cause) || ioCode(cause) === undefined) throw cause;
    throw new FidiusError('FIDIUS_STORE_UNWRITABLE', `Cannot use the package store ${store}: ${messageOf(cause)}`, {
      cause,
    });
  });
}
