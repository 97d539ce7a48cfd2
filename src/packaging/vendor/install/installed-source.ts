import { basename, isAbsolute, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readForeignFile } from '../../../files/open-foreign-file.ts';
import { crypto } from '../../digest/crypto.ts';

const maxWheelBytes = 2 ** 31;

/** What an installer reports about one distribution: which file or folder it took it from. */
export interface InstalledSource {
  readonly name: string;
  readonly version: string | undefined;
  /** An address, or the address of a file. */
  readonly url: string;
  /** Of a repository: which commit. */
  readonly commit: string | undefined;
  /** Of the file that was fetched; `undefined` for a folder or a repository. */
  readonly sha256: string | undefined;
  /** Whether it was not a wheel, so that code of its author ran. */
  readonly built: boolean;
}

/** Whether a file of this address is a wheel, which is unpacked and not built. */
export function isWheelUrl(url: string): boolean {
  return URL.canParse(url) && new URL(url).pathname.endsWith('.whl');
}

/** The path of a file address; `undefined` for other addresses. */
export function pathOfUrl(url: string): string | undefined {
  if (!/^file:/i.test(url)) return undefined;
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/**
 * A source as it is published with the package: without a user name, a password, a query or a fragment, which may hold
 * secrets.
 *
 * A path is given only if it lies in the package. Other paths describe the machine of the packager and would make the
 * archive depend on it, so that only the name of the file remains.
 */
export function publicSource({ url, commit }: Pick<InstalledSource, 'commit' | 'url'>, dir: string): string {
  const path = pathOfUrl(url);
  if (path !== undefined) {
    const inPackage = relative(resolve(dir), path);
    const isInside = inPackage !== '' && !inPackage.startsWith('..') && !isAbsolute(inPackage);
    return isInside ? inPackage.split(sep).join('/') : basename(path);
  }
  if (!URL.canParse(url)) return 'unknown';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}${commit === undefined ? '' : `@${commit}`}`;
}

export function sha256OfFile(path: string): string {
  const content = readForeignFile(path, { links: 'follow', maxBytes: maxWheelBytes });
  return crypto().createHash('sha256').update(content).digest('hex');
}
