import { join } from 'node:path';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import type { BudgetLimits } from '../budget.ts';
import { listPackageFiles } from '../package-files.ts';
import { type FileListText, readListText } from './file-list.ts';
import { type Inventory, takeInventory } from './inventory.ts';
import { fileListName } from './signature-files.ts';

/** Source of a package. It is read again to explain why its signature does not fit. */
export interface PackageContent {
  /** The signed list of files; `undefined` if it is missing or invalid. */
  readFileList(): Promise<FileListText | undefined>;
  takeInventory(): Promise<Inventory>;
}

// A line takes about 150 bytes; a package of 100,000 files has a list of 15 MB.
export const maxListBytes = 16 * 1024 * 1024;

/** A package in a folder. */
export class FolderContent implements PackageContent {
  readonly #dir: string;
  readonly #signal: AbortSignal | undefined;
  readonly #limits: BudgetLimits;

  /** @param limits of the inventory. Default: those of `digestPackage()`. */
  constructor(dir: string, { signal, ...limits }: BudgetLimits & { readonly signal?: AbortSignal | undefined } = {}) {
    this.#dir = dir;
    this.#signal = signal;
    this.#limits = limits;
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
    const { maxBytes, maxEntries } = this.#limits;
    const signal = this.#signal;
    const files = await listPackageFiles(this.#dir, { signatures: 'leave out', maxEntries, signal });
    return takeInventory(files, signal, { maxBytes });
  }
}
