import type { BigIntStats } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { wallClock } from '../../node/timers.ts';
import { crypto } from '../crypto.ts';
import { replaceFile } from '../replace-file.ts';

/** What is known of an archive from the last time. */
export interface Remembered {
  /** Name of the stored folder. */
  readonly name: string;
  readonly digest: Buffer;
  /** The signature that the archive carries; `undefined` when it is not signed. */
  readonly signature: Buffer | undefined;
  readonly leftOut: readonly string[];
}

// Changes within one tick of the clock of a file system cannot be told apart by their time.
const tickMs = 2000;

/**
 * Remembers which stored package an archive unpacks to, so that it is not unpacked at each load.
 *
 * An archive is known by what the system says of the file, the time of its last change of status included: nobody can change
 * a file and keep that.
 */
export class StoreMemory {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The key of a file as it is now; nothing when it changed just now, and might again unseen. */
  async keyOf(path: string): Promise<string | undefined> {
    const status = await stat(path, { bigint: true });
    return wallClock() - Number(status.ctimeMs) < tickMs ? undefined : hash(status);
  }

  async recall(key: string): Promise<Remembered | undefined> {
    try {
      const { name, digest, signature, leftOut } = JSON.parse(await readFile(this.#pathOf(key), 'utf8'));
      return {
        name: String(name),
        digest: Buffer.from(digest, 'hex'),
        signature: signature === null ? undefined : Buffer.from(signature, 'hex'),
        leftOut: [...leftOut].map(String),
      };
    } catch {
      return undefined;
    }
  }

  async remember(key: string, { name, digest, signature, leftOut }: Remembered): Promise<void> {
    const text = JSON.stringify({
      name,
      digest: digest.toString('hex'),
      signature: signature?.toString('hex') ?? null,
      leftOut,
    });
    await mkdir(this.#dir, { recursive: true });
    await replaceFile(this.#pathOf(key), (file) => file.writeFile(text), { mode: 0o600 });
  }

  #pathOf(key: string): string {
    return join(this.#dir, `${key}.json`);
  }
}

function hash({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return crypto().createHash('sha256').update([dev, ino, size, mtimeNs, ctimeNs].join(' ')).digest('hex');
}
