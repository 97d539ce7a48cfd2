import { stat } from 'node:fs/promises';
import { FidiusError, FidiusTypeError } from '../../errors/fidius-error.ts';
import { describe } from '../../errors/options.ts';
import { type ArchiveLimits, resolveLimits } from '../../packaging/archive/limits.ts';
import { type Manifest, readManifest } from '../../packaging/manifest/manifest.ts';
import type { TrustOptions } from '../../packaging/signing/trust.ts';
import type { TrustedKey, TrustStore } from '../../packaging/signing/trust-store.ts';
import type { PackageStore } from '../../packaging/store/package-store.ts';
import { defaultStoreDir } from '../../packaging/store/store-dir.ts';

/** Which packages a host loads, and where it keeps them. */
export interface PolicyOptions {
  /**
   * Public keys whose signatures are accepted.
   *
   * @default []
   */
  readonly trustedKeys?: TrustOptions['trustedKeys'];
  /**
   * More keys, with names, end dates and revocations: the path of a trust store, or the result of `readTrustStore()`.
   *
   * @default no further keys
   */
  readonly trustStore?: TrustStore | string | undefined;
  /**
   * Whether a package without a signature of a trusted key is refused. When it is `false`, signatures are ignored.
   *
   * @default true if `trustedKeys` or `trustStore` is set, otherwise false
   */
  readonly requireSignature?: boolean | undefined;
  /**
   * Whether a package with a lower version than one of its name that was loaded before is refused. The store
   * remembers the highest version. Only for hosts that require signatures: otherwise an unsigned package could raise
   * it.
   *
   * @default false
   */
  readonly refuseOlder?: boolean | undefined;
  /**
   * Folder in which archives, and packages that must be signed, are stored to run from.
   *
   * @default `fidius/packages` in the cache folder of the user
   */
  readonly storeDir?: string | undefined;
  /**
   * Limits for a package that is copied into the store: an archive, or a folder that must be signed. For a folder,
   * `maxRatio` has no effect.
   *
   * @default the defaults of {@link ArchiveLimits}
   */
  readonly archiveLimits?: ArchiveLimits | undefined;
}

/** What one load requires in addition to the host. */
export interface PrepareOptions {
  readonly signal?: AbortSignal | undefined;
  /** Names or ids of the keys of which one must have signed the package. Default: any trusted key. */
  readonly signers?: readonly string[] | undefined;
  /** Receives how many bytes of an archive were read, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A package that may run. */
export interface PreparedPackage {
  /** The folder or archive that it was found as. */
  readonly path: string;
  /** The folder that it runs from: the same, or one of the store. */
  readonly folder: string;
  /** Read from {@link PreparedPackage.folder}. */
  readonly manifest: Manifest;
  /** The key whose signature was required and found. */
  readonly signedBy: TrustedKey | undefined;
}

/**
 * Decides which packages may run, before any of their code does.
 *
 * A package that must be signed is copied into the store, and the copy is verified and run. A folder that does not need a
 * signature runs in place, so that its author can edit it.
 */
export class PackagePolicy {
  /** Whether every package has to be signed by a trusted key. */
  readonly requireSignature: boolean;
  readonly #trust: TrustOptions;
  readonly #storeDir: string;
  readonly #limits: ArchiveLimits;
  readonly #refuseOlder: boolean;
  #store: Promise<PackageStore> | undefined;

  private constructor(trust: TrustOptions, options: PolicyOptions) {
    this.#trust = trust;
    const {
      trustedKeys,
      trustStore,
      requireSignature = trustedKeys !== undefined || trustStore !== undefined,
    } = options;
    this.requireSignature = requireSignature;
    this.#refuseOlder = options.refuseOlder ?? false;
    this.#storeDir = options.storeDir ?? defaultStoreDir(process.env);
    this.#limits = options.archiveLimits ?? {};
  }

  /**
   * Checks the options, and reads the trust store if there is one to read.
   *
   * @param place how the reader knows the function that takes the options, such as `PluginHost.open()`.
   * @throws FidiusError `FIDIUS_OPTION_INVALID`, `FIDIUS_KEY_INVALID`, `FIDIUS_TRUST_INVALID`, `FIDIUS_TRUST_UNREADABLE`.
   */
  static async read(place: string, options: PolicyOptions): Promise<PackagePolicy> {
    const { trustedKeys, trustStore, requireSignature, refuseOlder, storeDir, archiveLimits = {} } = options;
    if (requireSignature !== undefined && typeof requireSignature !== 'boolean') {
      throw invalid('requireSignature', 'true or false', requireSignature);
    }
    if (storeDir !== undefined && (typeof storeDir !== 'string' || storeDir === '')) {
      throw invalid('storeDir', 'the path of a folder', storeDir);
    }
    if (typeof archiveLimits !== 'object' || archiveLimits === null) {
      throw invalid('archiveLimits', 'an object of limits', archiveLimits);
    }
    resolveLimits(place, archiveLimits);
    const isSigned = requireSignature ?? (trustedKeys !== undefined || trustStore !== undefined);
    if (refuseOlder !== undefined && (typeof refuseOlder !== 'boolean' || (refuseOlder && !isSigned))) {
      throw invalid('refuseOlder', 'true or false, and true only where signatures are required', refuseOlder);
    }
    return new PackagePolicy(await readTrust({ trustedKeys, trustStore }), options);
  }

  /**
   * Verifies the package at a path as far as the policy requires it, and puts it into the store unless it runs from its folder.
   *
   * @throws SignatureError, ArchiveError, ManifestError; FidiusError `FIDIUS_PACKAGE_…`, `FIDIUS_STORE_…`; the reason of
   *   `signal`.
   */
  async prepare(path: string, { signal, signers, onProgress }: PrepareOptions = {}): Promise<PreparedPackage> {
    const isArchive = await isFile(path);
    if (!isArchive && !this.requireSignature) {
      return { path, folder: path, manifest: readManifest(path), signedBy: undefined };
    }
    const store = await this.#openStore();
    const policy = { ...this.#trust, requireSignature: this.requireSignature, signal };
    const { dir, manifest, signedBy } = isArchive
      ? await store.addArchive(path, {
          ...policy,
          ...this.#limits,
          onProgress: ({ position, archiveBytes }) => onProgress?.(position, archiveBytes),
        })
      : await store.addFolder(path, {
          ...policy,
          maxBytes: this.#limits.maxBytes,
          maxEntries: this.#limits.maxEntries,
        });
    if (signers !== undefined) await requireSigner(path, signedBy, signers);
    if (this.#refuseOlder) await requireNotOlder(path, manifest, store.dir);
    return { path, folder: dir, manifest, signedBy };
  }

  /** The store, opened on first use; where that fails, the next use tries again. */
  #openStore(): Promise<PackageStore> {
    this.#store ??= openStore(this.#storeDir).catch((error: unknown) => {
      this.#store = undefined;
      throw error;
    });
    return this.#store;
  }
}

// The code for signatures, archives and the store is imported when it is first needed: a host that runs unsigned folders
// starts without it.

async function openStore(dir: string): Promise<PackageStore> {
  const onDemand = await import('../../packaging/on-demand.ts');
  return onDemand.PackageStore.open(dir);
}

/** Reads the trust store, and checks the keys when the host is opened and not at the first load. */
async function readTrust({ trustedKeys, trustStore }: PolicyOptions): Promise<TrustOptions> {
  if (trustedKeys === undefined && trustStore === undefined) return {};
  const { readTrustStore, Trust } = await import('../../packaging/on-demand.ts');
  const read = typeof trustStore === 'string' ? await readTrustStore(trustStore) : trustStore;
  const trust = { trustedKeys, trustStore: read };
  void new Trust(trust);
  return trust;
}

/** @throws FidiusError `FIDIUS_SIGNATURE_KEY_SCOPE` */
async function requireSigner(
  path: string,
  signedBy: TrustedKey | undefined,
  signers: readonly string[],
): Promise<void> {
  if (signedBy === undefined) throw new TypeError('`signedBy` was passed to a host that does not verify signatures');
  if (signers.some((signer) => signer === signedBy.key.id || signer === signedBy.name)) return;
  const { nameOf } = await import('../../packaging/on-demand.ts');
  const message = `Cannot load ${path}: it was signed with ${nameOf(signedBy)}, expected ${signers.join(' or ')}`;
  throw new FidiusError('FIDIUS_SIGNATURE_KEY_SCOPE', message, {
    hint: 'Get a package that one of these keys signed, or add the key to `signedBy`.',
  });
}

/** @throws FidiusError `FIDIUS_PACKAGE_OLDER`, `FIDIUS_STORE_DAMAGED` */
async function requireNotOlder(path: string, { name, version }: Manifest, storeDir: string): Promise<void> {
  const { HighestVersions } = await import('../../packaging/on-demand.ts');
  const memory = new HighestVersions(storeDir);
  const highest = memory.get(name);
  if (highest === version) return;
  const { compareVersions } = await import('./version-range.ts');
  // The larger one comes first.
  const order = highest === undefined ? -1 : compareVersions(version, highest);
  if (order > 0) {
    const message = `Cannot load ${path}: ${name} ${version} is older than ${highest ?? ''}, which was loaded before`;
    throw new FidiusError('FIDIUS_PACKAGE_OLDER', message, {
      hint: 'Get the newer version. To load the older one, open the host without `refuseOlder`.',
    });
  }
  if (order < 0) await memory.set(name, version);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}

function invalid(name: string, expected: string, found: unknown): FidiusError {
  return new FidiusTypeError('FIDIUS_OPTION_INVALID', `${name} must be ${expected}, got ${describe(found)}`);
}
