import { join } from 'node:path';
import type { FileDifference } from '../../errors/package-errors.ts';
import { shown } from '../../errors/shown.ts';
import { readForeignFile } from '../../files/open-foreign-file.ts';
import { compareFiles, computeFileDigests, type FileDigests } from '../digest/package-digest.ts';
import type { BudgetLimits } from '../files/budget.ts';
import { listPackageFiles } from '../files/package-files.ts';
import { type FileListText, fileListName, readListText, signatureFileName } from './signature-files.ts';
import type { Trust } from './trust.ts';
import { nameOf } from './trust-store.ts';

/** Why a package is not trusted, for its error. */
export interface Mismatch {
  readonly problem: string;
  readonly hint: string;
  readonly differences?: readonly FileDifference[] | undefined;
}

const namedDifferences = 8;

/**
 * Determines why a signature matches none of the trusted keys.
 *
 * This needs the signed list of files: the files are read again and compared with the list. The list is used only if a
 * trusted key signed it or if it matches `package.sig`. It is used only for the explanation and never makes a package
 * trusted.
 */
export async function explainMismatch(content: PackageContent, signature: Buffer, trust: Trust): Promise<Mismatch> {
  const tried =
    trust.keys.length === 0
      ? 'no trusted keys were passed'
      : `its signature matches none of the trusted keys: ${trust.keys.map(nameOf).join(', ')}`;
  const list = await content.readFileList();
  const files = list !== undefined && isCredible(list, signature, trust) ? list.readFiles() : undefined;
  if (list === undefined || files === undefined) {
    return { problem: tried, hint: 'Get the package and the public key from its author again.' };
  }

  const found = await content.computeFileDigests();
  const differences = compareFiles(files, found.files);
  if (differences.length > 0) {
    return {
      problem: `${tried}; ${describeDifferences(differences)} after key ${list.key.id} signed the package`,
      hint: 'This copy was changed. Get the package from its author again.',
      differences,
    };
  }
  if (!trust.trusts(list.key)) {
    return {
      problem: `${tried}; its files are unchanged since key ${list.key.id} signed them`,
      // Not "trust that key": an attacker can sign a changed package with a different key.
      hint: 'Ask the author through another channel which key they sign with.',
      differences,
    };
  }
  return {
    problem: `${tried}; its files are unchanged since key ${list.key.id} signed them, but ${signatureFileName} signs other content`,
    hint: 'Get the package from its author again, or sign it again.',
    differences,
  };
}

function isCredible(list: FileListText, signature: Buffer, trust: Trust): boolean {
  return trust.trusts(list.key) || list.key.verifies(list.digest, signature);
}

export function describeDifferences(differences: readonly FileDifference[]): string {
  const named = differences.slice(0, namedDifferences).map(({ path, kind, from }) => {
    return from === undefined ? `${shown(path)} was ${kind}` : `${shown(from)} was renamed to ${shown(path)}`;
  });
  const more = differences.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more files differ` : named.join(', ');
}

/** Source of a package. It is read again to explain why its signature does not fit. */
export interface PackageContent {
  /** The signed list of files; `undefined` if it is missing or invalid. */
  readFileList(): Promise<FileListText | undefined>;
  computeFileDigests(): Promise<FileDigests>;
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

  async computeFileDigests(): Promise<FileDigests> {
    const { maxBytes, maxEntries } = this.#limits;
    const signal = this.#signal;
    const files = await listPackageFiles(this.#dir, { signatures: 'exclude', maxEntries, signal });
    return computeFileDigests(files, signal, { maxBytes });
  }
}
