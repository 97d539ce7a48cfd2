import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageDigest } from '../digest.ts';
import { listPackageFiles } from '../package-files.ts';
import { replaceFile } from '../replace-file.ts';
import { isOurSignature } from '../signing/signature-files.ts';
import { placeNewFolder, removeTree } from '../staging.ts';
import { fingerprintTree, sealTree } from './seal.ts';

/**
 * The sealed folders of a store, each with a fingerprint beside it that tells without reading whether it is as it was.
 *
 * Where the fingerprint does not fit (the store was copied, or restored from a backup), the folder is read once and
 * its digest decides.
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

  /** Whether there is a folder whose name begins so. */
  async hasLike(start: string): Promise<boolean> {
    return (await this.list()).some((name) => name.startsWith(`${start}-`));
  }

  /** Whether an intact folder of this name is there; a damaged one is removed. */
  async has(name: string, digest: Buffer): Promise<boolean> {
    const path = this.pathOf(name);
    const found = await fingerprintTree(path).catch(() => undefined);
    if (found === undefined) return false;
    const expected = await readFile(this.#fingerprintOf(name), 'utf8').catch(() => undefined);
    if (found === expected) return true;
    if (await holdsExactly(path, digest)) {
      await this.#remember(name, found);
      return true;
    }
    await this.remove(name);
    return false;
  }

  /** Seals a folder and moves it in, unless one of the name is there. */
  async add(name: string, built: string): Promise<void> {
    await sealTree(built);
    if (await placeNewFolder(built, this.pathOf(name)))
      await this.#remember(name, await fingerprintTree(this.pathOf(name)));
  }

  async remove(name: string): Promise<void> {
    await removeTree(this.pathOf(name));
    await removeTree(this.#fingerprintOf(name));
  }

  async #remember(name: string, fingerprint: string): Promise<void> {
    await replaceFile(this.#fingerprintOf(name), (file) => file.writeFile(fingerprint), { mode: 0o600 });
  }

  #fingerprintOf(name: string): string {
    return join(this.#dir, `${name}.fingerprint`);
  }
}

/** Whether the files add up to the digest, and nothing lies beside them that no digest covers. */
async function holdsExactly(dir: string, digest: Buffer): Promise<boolean> {
  const uncovered: string[] = [];
  try {
    await listPackageFiles(dir, { signatures: 'leave out', onLeftOut: (path) => uncovered.push(path) });
    return uncovered.every(isOurSignature) && (await packageDigest(dir)).equals(digest);
  } catch {
    return false;
  }
}
