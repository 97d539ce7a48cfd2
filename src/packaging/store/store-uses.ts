import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../files/make-folders.ts';
import { isAlive, machine } from '../files/process-identity.ts';

/** A process that runs code from a stored package, or did so. */
export interface StoreUse {
  /** Digest of the package, in hex digits. */
  readonly digest: string;
  /** `running`: on this machine; `unknown`: on another machine, where processes cannot be seen. */
  readonly state: 'ended' | 'running' | 'unknown';
  /** Name of the mark in the folder of marks. */
  readonly file: string;
}

const markPattern = /^([0-9a-f]{64})\.([0-9a-f]{8})\.(\d+)$/;

/**
 * Marks in a store which processes use which packages, so that packages in use are not removed.
 *
 * A mark is an empty file with a name made of the digest, the machine and the process. It stays when the process ends:
 * the next reader of the marks sees whether the process exists.
 */
export class StoreUses {
  readonly #dir: string;
  readonly #marked = new Set<string>();

  /** @param store folder of the store. */
  constructor(store: string) {
    this.#dir = join(store, 'uses');
  }

  /**
   * Marks a package as used by this process. Must precede the check that the package is there.
   *
   * A store that cannot be written to is not marked: nothing can be removed from it either.
   */
  mark(packageDigest: Buffer): void {
    const digest = packageDigest.toString('hex');
    if (this.#marked.has(digest)) return;
    try {
      makeFolders(this.#dir, 0o700);
      writeFileSync(join(this.#dir, `${digest}.${machine()}.${process.pid}`), '', { mode: 0o600 });
      this.#marked.add(digest);
    } catch {
      // See above.
    }
  }

  /** Every mark. */
  list(): readonly StoreUse[] {
    return namesIn(this.#dir).flatMap((file) => {
      const [, digest, on, pid] = markPattern.exec(file) ?? [];
      if (digest === undefined) return [];
      const state = on !== machine() ? 'unknown' : isAlive(Number(pid)) ? 'running' : 'ended';
      return [{ digest, state, file }];
    });
  }

  /** Removes marks. */
  remove(uses: readonly StoreUse[]): void {
    for (const { file } of uses) rmSync(join(this.#dir, file), { force: true });
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
