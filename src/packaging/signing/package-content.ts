import { join } from 'node:path';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { listPackageFiles } from '../package-files.ts';
import { type FileListText, readListText } from './file-list.ts';
import { type Inventory, takeInventory } from './inventory.ts';
import { fileListName } from './signature-files.ts';

/** Where a package can be looked at again, to say why its signature does not fit. */
export interface PackageContent {
  /** The signed list of files; nothing when there is none, or none that can be read. */
  readFileList(): Promise<FileListText | undefined>;
  takeInventory(): Promise<Inventory>;
}

// A line takes about 150 bytes; a package of 100,000 files has a list of 15 MB.
export const maxListBytes = 16 * 1024 * 1024;

/** A package in a folder. */
export class FolderContent implements PackageContent {
  readonly #dir: string;
  readonly #signal: AbortSignal | undefined;

  constructor(dir: string, signal?: AbortSignal) {
    this.#dir = dir;
    this.#signal = signal;
  }

  async readFileList(): Promise<FileListText | undefined> {
    try {
      const path = join(this.#dir, fileListName);
      return readListText(readForeignFile(path, { links: 'refuse', maxBytes: maxListBytes }));
    } catch {
      return undefined;
    }
  }

  async takeInventory(): Promise<Inventory> {
    const signal = this.#signal;
    return takeInventory(await listPackageFiles(this.#dir, { signatures: 'leave out', signal }), signal);
  }
}
