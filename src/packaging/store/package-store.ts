import type { BigIntStats } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { FidiusError, isFidiusError } from '../../errors/fidius-error.ts';
import { ioCode, messageOf } from '../../errors/is-error.ts';
import { checkOptionNames, checkSignal, throwIfAborted } from '../../errors/options.ts';
import { limitNames, resolveLimits } from '../archive/limits.ts';
import { OpenArchive, type ReadArchiveOptions } from '../archive/read-archive.ts';
import type { UnpackOptions } from '../archive/unpack-package.ts';
import { digestPackage } from '../digest/package-digest.ts';
import { CooperativeYield } from '../files/cooperative-yield.ts';
import { makeFolders } from '../files/make-folders.ts';
import { listPackageFiles } from '../files/package-files.ts';
import type { Staging } from '../files/staging.ts';
import { TreeWriter } from '../files/tree-writer.ts';
import { type Manifest, parseManifest, readManifest } from '../manifest/manifest.ts';
import { manifestFileName, readManifestText } from '../manifest/manifest-text.ts';
import { FolderContent } from '../signing/explain-mismatch.ts';
import { isOurSignature } from '../signing/signature-files.ts';
import { type TrustOptions, trustOptionNames } from '../signing/trust.ts';
import type { TrustedKey } from '../signing/trust-store.ts';
import { readSignature, SignatureCheck } from '../signing/verify-package.ts';
import { ArchiveContent, packageChanged } from './archive-content.ts';
import { ArchiveIndex } from './archive-index.ts';
import { ArchiveSnapshot } from './archive-snapshot.ts';
import { cacheVariable, requireTrustedPath } from './store-dir.ts';
import { StoreUses } from './store-uses.ts';
import {
  copyPackage,
  type ReadFolder,
  readFolder,
  unpackIntoStore,
  writeFilesInMemory,
  writeSnapshot,
} from './store-writer.ts';
import { StoredTrees, stemOf, storedName } from './stored-trees.ts';

/** How a package gets into a store. */
export interface StoreOptions extends TrustOptions, UnpackOptions {
  /**
   * Rejects packages that no trusted key signed. If it is `false`, signatures are ignored.
   *
   * @default false
   */
  readonly requireSignature?: boolean | undefined;
}

/** A package in a store. Its folder is read-only. */
export interface StoredPackage {
  /** The folder of the package in the store. */
  readonly dir: string;
  /** The manifest, read from the stored bytes. */
  readonly manifest: Manifest;
  /** Identifies the content: see `digestPackage()`. */
  readonly digest: Buffer;
  /** The key that signed the package; `undefined` if no signature was required. */
  readonly signedBy: TrustedKey | undefined;
  /**
   * Paths of the source that are not stored, because no signature covers them: folders called `target` or `.git`, and files
   * that end in `.sig`.
   */
  readonly excluded: readonly string[];
}

/**
 * Keeps packages by their content, read-only.
 *
 * The verified bytes are the bytes that run: the signature is checked against the digest of the stored bytes, and the code is
 * imported from the store. A change of the original folder or archive has no effect on the stored package. It is detected when
 * that source is loaded again.
 */
export class PackageStore {
  /** Absolute path of the store. */
  readonly dir: string;
  readonly #trees: StoredTrees;
  readonly #archives: ArchiveIndex;
  readonly #uses: StoreUses;

  private constructor(dir: string) {
    this.dir = dir;
    this.#trees = new StoredTrees(join(dir, 'content'));
    this.#uses = new StoreUses(dir);
    this.#archives = new ArchiveIndex(join(dir, 'archives'));
  }

  /**
   * Opens a store, and creates it where there is none.
   *
   * @throws FidiusError `FIDIUS_STORE_UNSAFE`, `FIDIUS_STORE_UNWRITABLE`
   */
  static async open(dir: string): Promise<PackageStore> {
    const store = resolve(dir);
    await attempt(store, async () => {
      // Checked first: a link on the path decides where folders would be created.
      requireTrustedPath(store);
      makeFolders(join(store, 'content'), 0o700);
    });
    const opened = new PackageStore(store);
    opened.#requirePrivate();
    return opened;
  }

  /**
   * Stores the package in a folder.
   *
   * @throws SignatureError; ManifestError; FidiusError `FIDIUS_STORE_UNWRITABLE`, `FIDIUS_STORE_UNSAFE`, and what
   * `digestPackage()` throws; the reason of `signal`.
   */
  async addFolder(dir: string, options: Omit<StoreOptions, 'maxRatio' | 'onProgress'> = {}): Promise<StoredPackage> {
    const known = [...trustOptionNames, 'maxBytes', 'maxEntries', 'requireSignature', 'signal'];
    checkOptionNames('PackageStore.addFolder()', options, known);
    checkSignal(options.signal, 'PackageStore.addFolder()');
    throwIfAborted(options.signal);
    const { maxBytes, maxEntries } = resolveLimits('PackageStore.addFolder()', options);
    const { signal } = options;
    const check = new SignatureCheck(options);
    this.#requirePrivate();
    const signature = await readSignature(dir);
    check.requirePresent(dir, signature);
    const manifest = readManifest(dir);
    const stem = stemOf(manifest);
    const { name: packageName } = manifest;
    const excluded: string[] = [];
    const files = await listPackageFiles(dir, {
      signatures: 'exclude',
      signal,
      maxEntries,
      onExcluded: (path) => isOurSignature(path) || excluded.push(path),
    });
    const content = new FolderContent(dir, { maxBytes, maxEntries, signal });

    // If another version of the content is stored, this one is probably stored too, and reading it is enough.
    const mayBeStored = await this.#trees.hasLike(stem);
    let verified: (ReadFolder & { readonly signedBy: TrustedKey | undefined }) | undefined;
    if (check.isRequired || mayBeStored) {
      const read = await readFolder(files, { signal, maxBytes, hold: !mayBeStored });
      const signedBy = await check.verify(dir, { content, digest: read.digest, signature, name: packageName });
      verified = { ...read, signedBy };
      const name = storedName(stem, read.digest);
      this.#uses.mark(read.digest);
      if ((await this.#trees.stateOf(name, read.digest, signal)) === 'intact') {
        return this.#stored(name, { digest: read.digest, signedBy, excluded });
      }
    }
    return this.#build(dir, async (staging) => {
      const inMemory = verified?.inMemory;
      const digest =
        verified === undefined || inMemory === undefined
          ? await copyPackage(files, staging.path, { signal, maxBytes })
          : await writeFilesInMemory(inMemory, staging.path, signal).then(() => verified.digest);
      if (check.isRequired && verified?.digest.equals(digest) !== true) throw packageChanged(dir);
      return this.#place(staging, join(dir, manifestFileName), packageName, {
        digest,
        signedBy: verified?.signedBy,
        excluded,
      });
    });
  }

  /**
   * Stores the package in an archive. An archive that was stored before and has not changed is not unpacked again.
   *
   * Where a signature is required, nothing is written before the signature is verified. A small package is kept in memory in
   * the meantime; the archive of a larger one is read again.
   *
   * @throws ArchiveError; and what {@link PackageStore.addFolder} throws.
   */
  async addArchive(archive: string, options: StoreOptions = {}): Promise<StoredPackage> {
    const known = [...trustOptionNames, ...limitNames, 'onProgress', 'requireSignature', 'signal'];
    checkOptionNames('PackageStore.addArchive()', options, known);
    checkSignal(options.signal, 'PackageStore.addArchive()');
    throwIfAborted(options.signal);
    const { signal, onProgress } = options;
    const limits = resolveLimits('PackageStore.addArchive()', options);
    const check = new SignatureCheck(options);
    this.#requirePrivate();
    const onRead = (position: number, archiveBytes: number) =>
      onProgress?.({ position, archiveBytes, files: 0, bytes: 0 });
    const opened = OpenArchive.open(archive);
    try {
      return (
        (await this.#findArchive(opened, { ...limits, signal }, check)) ??
        (await this.#storeArchive(opened, { ...limits, signal, onRead }, check))
      );
    } finally {
      opened.close();
    }
  }

  /** The stored package of an archive that was stored before. */
  async #findArchive(
    archive: OpenArchive,
    options: ReadArchiveOptions,
    check: SignatureCheck,
  ): Promise<StoredPackage | undefined> {
    const key = this.#archives.keyOfStatus(archive.status());
    const indexed = key === undefined ? undefined : this.#archives.find(key);
    if (indexed === undefined) return undefined;
    const { name, digest, signature, excluded } = indexed;
    this.#uses.mark(digest);
    if ((await this.#trees.stateOf(name, digest, options.signal)) !== 'intact') return undefined;
    const content = new ArchiveContent(archive, options);
    const { name: packageName } = readManifest(this.#trees.pathOf(name));
    const signedBy = await check.verify(archive.path, { content, digest, signature, name: packageName });
    return this.#stored(name, { digest, signedBy, excluded });
  }

  async #storeArchive(
    archive: OpenArchive,
    options: ReadArchiveOptions,
    check: SignatureCheck,
  ): Promise<StoredPackage> {
    const before = archive.status();
    const verified = check.isRequired ? await verifyArchive(archive, options, check) : undefined;
    const isSame = () => isSameStatus(before, archive.status());
    if (verified !== undefined && !verified.snapshot.isInMemory && !isSame()) throw packageChanged(archive.path);
    return this.#build(archive.path, async (staging) => {
      const writer = new TreeWriter(staging.path, new CooperativeYield(options.signal), { readOnly: true });
      const { facts, digest } =
        verified === undefined
          ? await unpackIntoStore(archive, options, writer)
          : await writeSnapshot(archive, verified.snapshot, writer);
      const stored = await this.#place(staging, facts.origin, parseManifest(facts.manifest, facts.origin).name, {
        digest: digest ?? (await digestPackage(staging.path, { signal: options.signal })),
        signedBy: verified?.signedBy,
        excluded: facts.excluded,
      });
      // A file that changed in the meantime may have another content now.
      const key = isSame() ? this.#archives.keyOfStatus(before) : undefined;
      if (key !== undefined) {
        const { digest: storedDigest, excluded } = stored;
        const record = { name: basename(stored.dir), digest: storedDigest, signature: facts.signature, excluded };
        await this.#archives.add(key, record);
      }
      return stored;
    });
  }

  /** Names of the stored packages: name, version and digest. */
  async list(): Promise<readonly string[]> {
    return this.#trees.list();
  }

  /** Removes a stored package. Processes that run code from it may fail from then on. */
  async remove(name: string): Promise<void> {
    this.#requirePrivate();
    if (!(await this.list()).includes(name)) return;
    await attempt(this.dir, () => this.#trees.remove(name));
  }

  /** Users who can write to the store decide which code runs. Checked at each use, because modes and mounts change. */
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

  /** The manifest is read from the stored files, not from the source. */
  async #place(staging: Staging, origin: string, verifiedName: string, facts: StoredFacts): Promise<StoredPackage> {
    const manifest = parseManifest(readManifestText(staging.path), origin);
    if (manifest.name !== verifiedName) throw packageChanged(origin);
    const name = storedName(stemOf(manifest), facts.digest);
    this.#uses.mark(facts.digest);
    await this.#trees.add(name, facts.digest, staging);
    this.#trees.noteUse(name);
    return { dir: this.#trees.pathOf(name), manifest, ...facts };
  }

  #stored(name: string, facts: StoredFacts): StoredPackage {
    const dir = this.#trees.pathOf(name);
    this.#trees.noteUse(name);
    return { dir, manifest: readManifest(dir), ...facts };
  }
}

type StoredFacts = Omit<StoredPackage, 'dir' | 'manifest'>;
/** Verifies an archive without writing anything. */
async function verifyArchive(
  archive: OpenArchive,
  options: ReadArchiveOptions,
  check: SignatureCheck,
): Promise<{ readonly snapshot: ArchiveSnapshot; readonly signedBy: TrustedKey | undefined }> {
  const snapshot = await ArchiveSnapshot.read(archive, options, ({ signature }) => {
    check.requirePresent(archive.path, signature);
  });
  const { digest, facts } = snapshot;
  const { name } = parseManifest(facts.manifest, facts.origin);
  const content = new ArchiveContent(archive, options);
  return {
    snapshot,
    signedBy: await check.verify(archive.path, { content, digest, signature: facts.signature, name }),
  };
}

/** Whether a file is unchanged: only the system sets the time of the last status change. */
function isSameStatus(before: BigIntStats, after: BigIntStats): boolean {
  return before.size === after.size && before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs;
}

async function attempt<T>(store: string, action: () => Promise<T>): Promise<T> {
  return action().catch((cause: unknown) => {
    if (isFidiusError(cause) || ioCode(cause) === undefined) throw cause;
    throw new FidiusError('FIDIUS_STORE_UNWRITABLE', `Cannot use the package store ${store}: ${messageOf(cause)}`, {
      cause,
      hint: `Name a folder that this user can write to: by \`storeDir\` (\`--store\` on the command line), or by ${cacheVariable}.`,
    });
  });
}
