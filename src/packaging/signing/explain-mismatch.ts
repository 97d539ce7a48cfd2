import { join } from 'node:path';
import type { FileDifference } from '../../errors/signature-error.ts';
import { listPackageFiles } from '../package-files.ts';
import { readHead } from '../read-head.ts';
import { type FileList, parseFileList } from './file-list.ts';
import { compareFiles, takeInventory } from './inventory.ts';
import { fileListName, signatureFileName } from './signature-files.ts';
import type { Trust } from './trust.ts';
import { nameOf } from './trust-store.ts';

/** Why a package is not trusted, for its error. */
export interface Mismatch {
  readonly problem: string;
  readonly hint: string;
  readonly differences?: readonly FileDifference[] | undefined;
}

const maxListBytes = 256 * 1024 * 1024;
const namedDifferences = 8;

/**
 * Finds out why a signature fits none of the trusted keys.
 *
 * Without the signed list of files nothing more can be known. With it, the files are read once more and compared. The list is
 * believed only if a trusted key signed it or it belongs to `package.sig`; and it only ever explains, it never makes a
 * package trusted.
 */
export async function explainMismatch(dir: string, signature: Buffer, trust: Trust): Promise<Mismatch> {
  const tried =
    trust.keys.length === 0
      ? 'no keys are trusted'
      : `its signature fits none of the trusted keys: ${trust.keys.map(nameOf).join(', ')}`;
  const list = await readFileList(dir);
  if (list === undefined || !isCredible(list, signature, trust)) {
    return { problem: tried, hint: 'Get the package again from its author, and the public key that belongs to it.' };
  }

  const found = await takeInventory(await listPackageFiles(dir, { signatures: 'leave out' }));
  const differences = compareFiles(list.files, found.files);
  if (differences.length > 0) {
    return {
      problem: `${tried}; since it was signed with key ${list.key.id}, ${describeDifferences(differences)}`,
      hint: 'Get the package again from its author; somebody or something changed this copy.',
      differences,
    };
  }
  if (!trust.trusts(list.key)) {
    return {
      problem: `${tried}; its files are unchanged since key ${list.key.id} signed them`,
      hint: 'Trust that key if you know whose it is.',
      differences,
    };
  }
  return {
    problem: `${tried}; its files are as key ${list.key.id} signed them, but ${signatureFileName} is of something else`,
    hint: 'Get the package again from its author, or sign it again.',
    differences,
  };
}

/** The signed list beside the signature; nothing when there is none, or none that is genuine. */
export async function readFileList(dir: string): Promise<FileList | undefined> {
  const bytes = await readHead(join(dir, fileListName), maxListBytes).catch(() => undefined);
  return bytes === undefined ? undefined : parseFileList(bytes.toString());
}

function isCredible(list: FileList, signature: Buffer, trust: Trust): boolean {
  return trust.trusts(list.key) || list.key.verifies(list.digest, signature);
}

export function describeDifferences(differences: readonly FileDifference[]): string {
  const shown = differences.slice(0, namedDifferences).map(({ path, kind, from }) => {
    return from === undefined ? `${path} was ${kind}` : `${from} was renamed to ${path}`;
  });
  const more = differences.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more files differ` : shown.join(', ');
}
