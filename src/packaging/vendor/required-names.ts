import { readForeignFile } from '../../files/open-foreign-file.ts';
import { normalizeName } from './distributions.ts';

const maxBytes = 1024 * 1024;

/**
 * The normalized names of the distributions in a requirements file, for messages; `undefined` where it cannot be read.
 *
 * Lines that are not understood are skipped, and files that it includes are not read.
 */
export function requiredNames(file: string): ReadonlySet<string> | undefined {
  let text: string;
  try {
    text = readForeignFile(file, { links: 'follow', maxBytes }).toString();
  } catch {
    return undefined;
  }
  const names = text.split(/\r\n?|\n/).map((line) => /^\s*([a-z\d][\w.-]*)/i.exec(line)?.[1]);
  return new Set(names.flatMap((name) => (name === undefined ? [] : [normalizeName(name)])));
}
