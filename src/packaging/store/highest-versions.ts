import { join } from 'node:path';
import { FidiusError } from '../../errors/fidius-error.ts';
import { ioCode, messageOf } from '../../errors/is-error.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { replaceFile } from '../files/replace-file.ts';

const fileName = 'versions.json';
const maxBytes = 4 * 1024 * 1024;

/** Records in a store the highest version of each package that was loaded. */
export class HighestVersions {
  readonly #path: string;

  /** @param store folder of a package store, which only this user can change. */
  constructor(store: string) {
    this.#path = join(store, fileName);
  }

  /**
   * The recorded version of a package.
   *
   * @throws FidiusError `FIDIUS_STORE_DAMAGED`: a damaged file must not count as an empty one.
   */
  get(name: string): string | undefined {
    return this.#read().get(name);
  }

  async set(name: string, version: string): Promise<void> {
    const versions = this.#read().set(name, version);
    const text = `${JSON.stringify(Object.fromEntries(versions), undefined, 2)}\n`;
    await replaceFile(this.#path, (file) => file.writeFile(text), { mode: 0o600 });
  }

  #read(): Map<string, string> {
    try {
      const text = readForeignFile(this.#path, { links: 'refuse', maxBytes }).toString();
      const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
      return new Map(entries.map(([name, version]) => [name, String(version)]));
    } catch (cause) {
      if (ioCode(cause) === 'ENOENT') return new Map();
      const message = `Cannot read the versions that were loaded before from ${this.#path}: ${messageOf(cause)}`;
      throw new FidiusError('FIDIUS_STORE_DAMAGED', message, {
        cause,
        hint: 'Restore the file, or delete it to accept any version at the next load.',
      });
    }
  }
}
