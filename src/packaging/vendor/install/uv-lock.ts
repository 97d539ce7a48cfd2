import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'smol-toml';
import { FidiusError } from '../../../errors/fidius-error.ts';
import { messageOf } from '../../../errors/is-error.ts';
import { readForeignFile } from '../../../files/open-foreign-file.ts';
import { type Distribution, normalizeName } from '../distributions.ts';
import { type InstalledSource, isWheelUrl, pathOfUrl, sha256OfFile } from './installed-source.ts';

const maxLockBytes = 64 * 1024 * 1024;

interface LockedFile {
  readonly url?: string;
  readonly path?: string;
  readonly name?: string;
  readonly hashes?: Readonly<Record<string, string>>;
}

/** The parts of a lock file (PEP 751) that are used here. */
interface LockedPackage {
  readonly name: string;
  readonly version?: string;
  readonly wheels?: readonly LockedFile[];
  readonly sdist?: LockedFile;
  readonly archive?: LockedFile;
  readonly directory?: { readonly path: string };
  readonly vcs?: {
    readonly type: string;
    readonly url?: string;
    readonly path?: string;
    readonly 'commit-id'?: string;
  };
}

/** What uv resolved, before it is installed. */
export class UvLock {
  readonly #path: string;
  readonly #packages: readonly LockedPackage[];

  private constructor(path: string, packages: readonly LockedPackage[]) {
    this.#path = path;
    this.#packages = packages;
  }

  /** @throws FidiusError `FIDIUS_VENDOR_FAILED` */
  static read(path: string): UvLock {
    try {
      const text = readForeignFile(path, { links: 'refuse', maxBytes: maxLockBytes }).toString();
      const { packages = [] } = parse(text) as { readonly packages?: readonly LockedPackage[] };
      return new UvLock(path, packages);
    } catch (cause) {
      const message = `Cannot vendor dependencies: uv did not report what it would install: ${messageOf(cause)}`;
      throw new FidiusError('FIDIUS_VENDOR_FAILED', message, {
        cause,
        hint: 'Vendor with another version of uv, or with pip.',
      });
    }
  }

  /** Number of packages that will be installed, at most. */
  get count(): number {
    return this.#packages.length;
  }

  /** Where the installed distributions came from. */
  sources(installed: readonly Distribution[]): readonly InstalledSource[] {
    const tags = new Map(installed.map((distribution) => [normalizeName(distribution.name), distribution.tags]));
    return this.#packages.map((locked) => this.#sourceOf(locked, tags.get(normalizeName(locked.name)) ?? []));
  }

  #sourceOf(locked: LockedPackage, tags: readonly string[]): InstalledSource {
    const { name, version, directory, vcs, wheels = [] } = locked;
    const common = { name, version, commit: undefined, sha256: undefined };
    if (directory !== undefined) return { ...common, url: this.#urlOf(directory), built: true };
    if (vcs !== undefined) {
      return { ...common, url: `${vcs.type}+${this.#urlOf(vcs)}`, commit: vcs['commit-id'], built: true };
    }
    // A lock file may list several wheels; the installed one has the tags of the distribution.
    const wheel = wheels.find((file) => fileTags(this.#urlOf(file)).some((tag) => tags.includes(tag)));
    const file = locked.archive ?? wheel ?? locked.sdist ?? wheels[0] ?? {};
    const url = this.#urlOf(file);
    const path = pathOfUrl(url);
    // Older versions of uv do not write the hashes of local files.
    const sha256 = file.hashes?.['sha256'] ?? (path === undefined ? undefined : sha256OfFile(path));
    return { ...common, url, sha256, built: !isWheelUrl(url) };
  }

  #urlOf({ url, path }: LockedFile): string {
    return url ?? (path === undefined ? '' : pathToFileURL(resolve(dirname(this.#path), path)).href);
  }
}

/** The tags in the name of a wheel, each as a distribution lists it. */
function fileTags(url: string): readonly string[] {
  const [, pythons = '', abis = '', platforms = ''] = /-([^-/]+)-([^-/]+)-([^-/]+)\.whl(?:[?#]|$)/.exec(url) ?? [];
  return pythons
    .split('.')
    .flatMap((python) =>
      abis.split('.').flatMap((abi) => platforms.split('.').map((platform) => `${python}-${abi}-${platform}`)),
    );
}
