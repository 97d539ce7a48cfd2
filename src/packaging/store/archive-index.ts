import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { wallClock } from '../../node/timers.ts';
import { crypto } from '../digest/crypto.ts';
import { makeFolders } from '../files/make-folders.ts';
import { replaceFile } from '../files/replace-file.ts';

/** The index entry of an archive. */
export interface IndexedArchive {
  /** Name of the stored folder. */
  readonly name: string;
  readonly digest: Buffer;
  /** The signature that the archive carries; `undefined` when it is not signed. */
  readonly signature: Buffer | undefined;
  readonly excluded: readonly string[];
}

// Changes within one tick of the clock of a file system cannot be told apart by their time.
const tickMs = 2000;

// Mostly paths of excluded files.
const maxRecordBytes = 16 * 1024 * 1024;

/**
 * Maps archives to stored packages, so that an archive is not unpacked at each load.
 *
 * An archive is identified by the status of its file, including the time of the last status change (ctime), which
 * cannot be restored after a change.
 */
export class ArchiveIndex {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The key of an open file; `undefined` if it changed so recently that another change could have the same time. */
  keyOfStatus(status: BigIntStats): string | undefined {
    return wallClock() - Number(status.ctimeMs) < tickMs ? undefined : hash(status);
  }

  /** The entry; `undefined` if it is missing or malformed. */
  find(key: string): IndexedArchive | undefined {
    try {
      const text = readForeignFile(this.#pathOf(key), { links: 'refuse', maxBytes: maxRecordBytes }).toString();
      const { name, digest, signature, excluded } = JSON.parse(text);
      // The name must be a plain name that contains the digest, never a path.
      if (!/^[0-9a-f]{64}$/.test(digest) || !/^[^./\\][^/\\]*$/.test(name) || !name.endsWith(`-${digest}`))
        return undefined;
      return {
        name,
        digest: Buffer.from(digest, 'hex'),
        signature: signature === null ? undefined : Buffer.from(signature, 'hex'),
        excluded: [...excluded].map(String),
      };
    } catch {
      return undefined;
    }
  }

  async add(key: string, { name, digest, signature, excluded }: IndexedArchive): Promise<void> {
    const text = JSON.stringify({
      name,
      digest: digest.toString('hex'),
      signature: signature?.toString('hex') ?? null,
      excluded,
    });
    makeFolders(this.#dir, 0o700);
    await replaceFile(this.#pathOf(key), (file) => file.writeFile(text), { mode: 0o600 });
  }

  #pathOf(key: string): string {
    return join(this.#dir, `${key}.json`);
  }
}

function hash({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return crypto().createHash('sha256').update([dev, ino, size, mtimeNs, ctimeNs].join(' ')).digest('hex');
}
