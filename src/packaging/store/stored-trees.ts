import { lstatSync, utimesSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../../errors/options.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { wallClock } from '../../node/timers.ts';
import { removeTree } from '../files/remove-tree.ts';
import { replaceFile } from '../files/replace-file.ts';
import { Staging } from '../files/staging.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { packageStem } from '../manifest/package-name.ts';
import { fingerprintTree, isStoredForm, makeFoldersReadOnly, makeReadOnly, makeWritable } from './fingerprint.ts';

/** State of a stored folder. */
export type TreeState = 'damaged' | 'intact' | 'missing';

// A line for each file and folder.
const maxFingerprintBytes = 256 * 1024 * 1024;

/**
 * The read-only folders of a store. The fingerprint of each folder shows without reading its files whether it is
 * unchanged.
 *
 * If the fingerprint does not match (the store was copied or restored from a backup), the folder is read once and its
 * digest is compared.
 */
export class StoredTrees {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  pathOf(name: string): string {
    return join(this.#dir, name);
  }

  async list(): Promise<readonly string[]> {
    const entries = await readdir(this.#dir, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  }

  /** Whether there is a folder with this prefix. */
  async hasLike(start: string): Promise<boolean> {
    return (await this.list()).some((name) => name.startsWith(`${start}-`));
  }

  /**
   * Whether an intact folder of this name is there. A damaged folder is not removed, because a host may be using it.
   */
  async stateOf(name: string, digest: Buffer, signal?: AbortSignal): Promise<TreeState> {
    const path = this.pathOf(name);
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (status === undefined) return 'missing';
    if (!status.isDirectory()) return 'damaged';
    const found = await fingerprintTree(path, signal).catch(() => undefined);
    throwIfAborted(signal);
    if (found === undefined) return 'damaged';
    if (found === this.#readFingerprint(name)) return 'intact';
    const isSound = await isStoredForm(path, digest, signal).catch(() => false);
    throwIfAborted(signal);
    if (!isSound) return 'damaged';
    // The folder must not have changed while it was read.
    if (found !== (await fingerprintTree(path))) return 'damaged';
    await this.#remember(name, found);
    return 'intact';
  }

  /** A staging whose content can become a stored folder. */
  async createStaging(): Promise<Staging> {
    return Staging.create(this.#dir);
  }

  /**
   * Makes the folder in a staging read-only and moves it into the store, unless an intact folder of that name exists.
   */
  async add(name: string, digest: Buffer, staging: Staging): Promise<void> {
    const path = this.pathOf(name);
    await makeFoldersReadOnly(staging.path);
    // Not a folder, so not a stored package either.
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false) await removeTree(path);
    if (!(await staging.placeNewFolder(path))) {
      if ((await this.stateOf(name, digest)) === 'intact') return;
      // The damaged folder is moved away, not emptied: code that runs from it finds the same names with correct
      // content.
      makeWritable(path);
      await staging.replaceFolder(path);
    }
    makeReadOnly(path);
    await this.#remember(name, await fingerprintTree(path));
  }

  /** When the folder was used last: the time stamp of its fingerprint. `undefined` if it has none. */
  lastUseOf(name: string): Date | undefined {
    return lstatSync(this.#fingerprintOf(name), { throwIfNoEntry: false })?.mtime;
  }

  /** Notes that the folder is used now. */
  noteUse(name: string): void {
    try {
      const now = new Date(wallClock());
      utimesSync(this.#fingerprintOf(name), now, now);
    } catch {
      // The store is read-only. The time of the last use is only shown to the user.
    }
  }

  /**
   * Removes a folder unless `isUsed` returns true. The folder is moved away before the last question, so that a process which
   * asks for it afterwards finds it missing.
   */
  async removeUnused(name: string, isUsed: () => boolean): Promise<boolean> {
    if (isUsed()) return false;
    const path = this.pathOf(name);
    const staging = await this.createStaging();
    try {
      // A folder without write permission cannot be moved to another one.
      makeWritable(path);
      await rename(path, staging.path);
      if (isUsed()) {
        await staging.placeNewFolder(path);
        makeReadOnly(path);
        return false;
      }
      await removeTree(this.#fingerprintOf(name));
      return true;
    } finally {
      await staging.remove();
    }
  }

  async remove(name: string): Promise<void> {
    await removeTree(this.#fingerprintOf(name));
    await removeTree(this.pathOf(name));
  }

  #readFingerprint(name: string): string | undefined {
    try {
      const path = this.#fingerprintOf(name);
      return readForeignFile(path, { links: 'refuse', maxBytes: maxFingerprintBytes }).toString();
    } catch {
      return undefined;
    }
  }

  async #remember(name: string, fingerprint: string): Promise<void> {
    await replaceFile(this.#fingerprintOf(name), (file) => file.writeFile(fingerprint), { mode: 0o600 });
  }

  #fingerprintOf(name: string): string {
    return join(this.#dir, `${name}.fingerprint`);
  }
}

/** Name of the stored folder of a package. */
export function storedName(stem: string, digest: Buffer): string {
  return `${stem}-${digest.toString('hex')}`;
}

/** Name and version if they can be part of a path. The digest alone distinguishes packages. */
export function stemOf(manifest: Manifest): string {
  try {
    return packageStem(manifest);
  } catch {
    return 'package';
  }
}
