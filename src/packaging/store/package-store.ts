import type { BigIntStats } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { checkSignal, throwIfAborted } from '../../errors/option-values.ts';
import { checkOptionNames } from '../../errors/options.ts';
import { findDistrust } from '../../files/trusted-path.ts';
import type { UnpackOptions } from '../archive/extract-archive.ts';
import { limitNames, settleLimits } from '../archive/limits.ts';
import { digestFiles, packageDigest } from '../digest.ts';
import { ioCode } from '../io-error.ts';
import { loadManifest, type Manifest, readManifest } from '../manifest.ts';
import { manifestFileName, readManifestText } from '../manifest-text.ts';
import { listPackageFiles } from '../package-files.ts';
import { packageStem } from '../package-name.ts';
import { FolderContent, type PackageContent } from '../signing/package-content.ts';
import { isOurSignature } from '../signing/signature-files.ts';
import { Trust, type TrustOptions, trustOptionNames } from '../signing/trust.ts';
import type { TrustedKey } from '../signing/trust-store.ts';
import { readSignature, requireSignature, requireTrusted } from '../signing/verify-package.ts';
import type { Staging } from '../staging.ts';
import { TimeSlice } from '../time-slice.ts';
import { TreeWriter } from '../write-tree.ts';
import { ArchiveContent, type ReadContentOptions, readArchiveContents } from './archive-content.ts';
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
      // Before anything is made there: what lies on the way decides where it would be made.
      requireTrustedPath(store);
      await mkdir(join(store, 'content'), { recursive: true, mode: 0o700 });
    });
    const opened = new PackageStore(store);
    opened.#requirePrivate();
    return opened;
  }

  /**
   * Stores the package in a folder.
   *
   * @throws SignatureError; ManifestError; FidiusError `FIDIUS_STORE_UNWRITABLE`, `FIDIUS_STORE_UNSAFE`, and what
   * `packageDigest()` throws; the reason of `signal`.
   */
  async addFolder(dir: string, options: Omit<StoreOptions, 'maxRatio' | 'onProgress'> = {}): Promise<StoredPackage> {
    const known = [...trustOptionNames, 'maxBytes', 'maxEntries', 'requireSignature', 'signal'];
    checkOptionNames('PackageStore.addFolder()', options, known);
    checkSignal(options.signal, 'PackageStore.addFolder()');
    throwIfAborted(options.signal);
    const { maxBytes, maxEntries } = settleLimits('PackageStore.addFolder()', options);
    const { signal } = options;
    const check = new SignatureCheck(options);
    this.#requirePrivate();
    const signature = await readSignature(dir);
    check.requirePresent(dir, signature);
    const manifest = loadManifest(dir);
    const stem = stemOf(manifest);
    const { name: packageName } = manifest;
    const leftOut: string[] = [];
    const files = await listPackageFiles(dir, {
      signatures: 'leave out',
      signal,
      maxEntries,
      onLeftOut: (path) => isOurSignature(path) || leftOut.push(path),
    });
    const content = new FolderContent(dir, signal);

    // What has to be signed is verified where it lies, before it costs any space. And most likely it is stored, if another of
    // its name is: then reading is enough.
    let verified: { readonly digest: Buffer; readonly signedBy: TrustedKey | undefined } | undefined;
    if (check.isRequired || (await this.#trees.hasLike(stem))) {
      const digest = await digestFiles(files, signal, { maxBytes });
      verified = { digest, signedBy: await check.verify(dir, { content, digest, signature, name: packageName }) };
      const name = nameOf(stem, digest);
      if ((await this.#trees.stateOf(name, digest, signal)) === 'intact')
        return this.#stored(name, { ...verified, leftOut });
    }
    return this.#build(dir, async (staging) => {
      const digest = await copyPackage(files, staging.path, { signal, maxBytes });
      if (check.isRequired && verified?.digest.equals(digest) !== true) throw changed(dir);
      return this.#place(staging, join(dir, manifestFileName), packageName, {
        digest,
        signedBy: verified?.signedBy,
        leftOut,
      });
    });
  }

  /**
   * Stores the package in an archive. One that was stored before, and has not changed since, is not unpacked again.
   *
   * Where a signature is required, the archive is read twice: to verify it, and only then to unpack it.
   *
   * @throws ArchiveError; and what {@link PackageStore.addFolder} throws.
   */
  async addArchive(archive: string, options: StoreOptions = {}): Promise<StoredPackage> {
    const known = [...trustOptionNames, ...limitNames, 'onProgress', 'requireSignature', 'signal'];
    checkOptionNames('PackageStore.addArchive()', options, known);
    checkSignal(options.signal, 'PackageStore.addArchive()');
    throwIfAborted(options.signal);
    const { signal, onProgress } = options;
    const limits = settleLimits('PackageStore.addArchive()', options);
    const check = new SignatureCheck(options);
    this.#requirePrivate();
    const content = new ArchiveContent(archive, { ...limits, signal });
    const key = await this.#archives.keyOf(archive).catch(() => undefined);
    const remembered = key === undefined ? undefined : this.#archives.recall(key);
    if (remembered !== undefined) {
      const { name, digest, signature, leftOut } = remembered;
      if ((await this.#trees.stateOf(name, digest, signal)) === 'intact') {
        const { name: packageName } = loadManifest(this.#trees.pathOf(name));
        const signedBy = await check.verify(archive, { content, digest, signature, name: packageName });
        return this.#stored(name, { digest, signedBy, leftOut });
      }
    }

    const onRead = (position: number, archiveBytes: number) =>
      onProgress?.({ position, archiveBytes, files: 0, bytes: 0 });
    const verified = check.isRequired ? await verifyArchive(archive, { ...limits, signal, onRead }, check) : undefined;
    return this.#build(archive, async (staging) => {
      const writer = new TreeWriter(staging.path, new TimeSlice(signal), { sealed: true });
      const keys = new Set<string | undefined>();
      const onFile = (status: BigIntStats) => keys.add(this.#archives.keyOfStatus(status));
      const read = await readArchiveContents(archive, { ...limits, signal, onRead, onFile }, { writer });
      const { root, signature, leftOut } = read;
      const origin = `${archive}!${root}/${manifestFileName}`;
      const { name } = readManifest(read.manifest, origin);
      const digest = read.digest ?? (await packageDigest(staging.path, { signal }));
      if (verified?.digest !== undefined && !verified.digest.equals(digest)) throw changed(archive);
      const signedBy = verified?.signedBy ?? (await check.verify(archive, { content, digest, signature, name }));
      const stored = await this.#place(staging, origin, name, {
        digest,
        signedBy,
        leftOut,
      });
      // Of the very file that was read, and only if it did not change meanwhile.
      const [readKey] = keys;
      if (readKey !== undefined && keys.size === 1) {
        await this.#archives.remember(readKey, { name: basename(stored.dir), digest, signature, leftOut });
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
    this.#requirePrivate();
    if (!(await this.list()).includes(name)) return;
    await attempt(this.dir, () => this.#trees.remove(name));
  }

  /** Whoever may write to the store decides what code runs. Checked at each use: modes change, and so do mounts. */
  #requirePrivate(): void {
    requireTrustedPath(join(this.dir, 'content'));
  }

  async #build(origin: string, body: (staging: Staging) => Promise<StoredPackage>): Promise<StoredPackage> {
    const staging = await attempt(this.dir, () => this.#trees.createStaging());
    try {
      return await attempt(`${this.dir}, for ${origin}`, () => body(staging));
    } finally {
      await staging.remove();
    }
  }

  /** The manifest is read from what was stored, not from what was offered. */
  async #place(staging: Staging, origin: string, verifiedName: string, facts: StoredFacts): Promise<StoredPackage> {
    const manifest = readManifest(readManifestText(staging.path), origin);
    if (manifest.name !== verifiedName) throw changed(origin);
    const name = nameOf(stemOf(manifest), facts.digest);
    await this.#trees.add(name, facts.digest, staging);
    return { dir: this.#trees.pathOf(name), manifest, ...facts };
  }

  #stored(name: string, facts: StoredFacts): StoredPackage {
    const dir = this.#trees.pathOf(name);
    return { dir, manifest: loadManifest(dir), ...facts };
  }
}

type StoredFacts = Omit<StoredPackage, 'dir' | 'manifest'>;
type SignedContent = {
  readonly content: PackageContent;
  readonly digest: Buffer;
  readonly signature: Buffer | undefined;
  /** Of the package, as its manifest gives it. */
  readonly name: string;
};

/** Checks signatures if they are required; fails early when a key is unusable. */
class SignatureCheck {
  readonly isRequired: boolean;
  readonly #trust: Trust;

  constructor(options: StoreOptions) {
    this.isRequired = options.requireSignature === true;
    this.#trust = new Trust(options);
  }

  requirePresent(origin: string, signature: Buffer | undefined): void {
    if (this.isRequired) requireSignature(origin, signature, this.#trust);
  }

  async verify(origin: string, signed: SignedContent): Promise<TrustedKey | undefined> {
    return this.isRequired ? requireTrusted(origin, { ...signed, trust: this.#trust }) : undefined;
  }
}

/**
 * Verifies an archive without writing anything of it.
 *
 * @returns no digest and no key when its files are not in the order of the digest: it is verified once it is unpacked.
 */
async function verifyArchive(
  archive: string,
  options: ReadContentOptions,
  check: SignatureCheck,
): Promise<{ readonly digest: Buffer | undefined; readonly signedBy: TrustedKey | undefined }> {
  const { digest, signature, manifest, root } = await readArchiveContents(archive, options);
  check.requirePresent(archive, signature);
  if (digest === undefined) return { digest, signedBy: undefined };
  const content = new ArchiveContent(archive, options);
  const { name } = readManifest(manifest, `${archive}!${root}/${manifestFileName}`);
  return { digest, signedBy: await check.verify(archive, { content, digest, signature, name }) };
}

/** @throws FidiusError `FIDIUS_STORE_UNSAFE` */
function requireTrustedPath(path: string): void {
  const distrust = findDistrust(path);
  if (distrust === undefined) return;
  const { culprit, problem, hint } = distrust;
  const which = culprit === path ? '' : `: ${culprit}`;
  throw new FidiusError('FIDIUS_STORE_UNSAFE', `Cannot use the package store ${path}${which}: ${problem}`, { hint });
}

function changed(origin: string): FidiusError {
  return new FidiusError('FIDIUS_PACKAGE_CHANGED', `Cannot store package ${origin}: it changed while it was stored`, {
    hint: 'Wait until nothing writes to the package, then try again.',
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

async function attempt<T>(store: string, action: () => Promise<T>): Promise<T> {
  return action().catch((cause: unknown) => {
    if (isFidiusError(cause) || ioCode(cause) === undefined) throw cause;
    throw new FidiusError('FIDIUS_STORE_UNWRITABLE', `Cannot use the package store ${store}: ${messageOf(cause)}`, {
      cause,
    });
  });
}
