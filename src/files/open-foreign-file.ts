import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/**
 * Why a foreign file is not read. `code` is the code of the system error (`ENOENT`), otherwise one of: `NOT_A_FILE`,
 * `A_LINK`, `TOO_LARGE`.
 */
class ForeignFileError extends Error {
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

interface OpenedForeignFile {
  /** The caller closes it. */
  readonly descriptor: number;
  readonly status: Stats;
}

/**
 * Opens a file from an untrusted source. Packages, keys, trust stores and records are opened only by this function.
 *
 * Only regular files are opened. The call never blocks, even for a device or a pipe without a writer. `links` says
 * whether the path may itself be a symbolic link; a link in a package could lead to a file that its author cannot read.
 *
 * @throws ForeignFileError
 */
export function openForeignFile(path: string, { links }: { readonly links: 'follow' | 'refuse' }): OpenedForeignFile {
  // Windows has none of these flags, and no files that block when they are opened.
  const { O_NONBLOCK, O_NOFOLLOW, O_NOCTTY }: Partial<typeof constants> = constants;
  const flags = constants.O_RDONLY | (O_NONBLOCK ?? 0) | (O_NOCTTY ?? 0) | (links === 'refuse' ? (O_NOFOLLOW ?? 0) : 0);
  const descriptor = attempt(() => openSync(path, flags), links);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) {
      throw new ForeignFileError('NOT_A_FILE', `it is ${status.isDirectory() ? 'a folder' : 'not a regular file'}`);
    }
    return { descriptor, status };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** The content of a foreign file, which must not be longer than `maxBytes`. @throws ForeignFileError */
export function readForeignFile(
  path: string,
  { links, maxBytes }: { readonly links: 'follow' | 'refuse'; readonly maxBytes: number },
): Buffer {
  const { descriptor, status } = openForeignFile(path, { links });
  try {
    if (status.size > maxBytes) throw tooLarge(status.size, maxBytes);
    // One more byte than the size: the file may have grown, and files in /proc report a wrong size.
    const content = Buffer.alloc(Math.min(Math.max(status.size, 4096), maxBytes) + 1);
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, content, length, content.length - length, null);
      length += read;
      if (read === 0) return content.subarray(0, length);
      if (length === content.length) throw length > maxBytes ? tooLarge(length, maxBytes) : changed();
    }
  } finally {
    closeSync(descriptor);
  }
}

/** The first bytes of a foreign file, fewer when it is shorter. @throws ForeignFileError */
export function readForeignHead(
  path: string,
  { links, bytes }: { readonly links: 'follow' | 'refuse'; readonly bytes: number },
): Buffer {
  const { descriptor } = openForeignFile(path, { links });
  try {
    const head = Buffer.alloc(bytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes; length += read) {
      read = readSync(descriptor, head, length, bytes - length, null);
    }
    return head.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function tooLarge(size: number, maxBytes: number): ForeignFileError {
  return new ForeignFileError('TOO_LARGE', `it has ${size} bytes, the limit is ${maxBytes}`);
}

function changed(): ForeignFileError {
  return new ForeignFileError('CHANGED', 'it grew while it was read');
}

function attempt<T>(action: () => T, links: 'follow' | 'refuse'): T {
  try {
    return action();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
    // The error of O_NOFOLLOW for a link: ELOOP on Linux and macOS, EMLINK on FreeBSD.
    if (links === 'refuse' && (code === 'ELOOP' || code === 'EMLINK')) {
      throw new ForeignFileError('A_LINK', 'it is a symbolic link, which is not allowed here', cause);
    }
    // A socket, or a device without a driver.
    if (code === 'ENXIO') throw new ForeignFileError('NOT_A_FILE', 'it is not a regular file', cause);
    throw new ForeignFileError(code, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
