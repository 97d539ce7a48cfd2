import type { ErrorCode } from '../../errors/codes.ts';

/** Why a path in an archive is refused. */
export interface PathProblem {
  readonly code: ErrorCode;
  readonly problem: string;
}

// What every system that Python runs on can hold below a folder of reasonable depth.
const maxPathBytes = 1024;
const maxPartBytes = 255;

/**
 * Takes the path of an entry apart; `.` and empty parts vanish.
 *
 * The first part that leads out of the archive decides, whether it does so as `..` or as a root.
 */
export function splitEntryPath(path: string): readonly string[] | PathProblem {
  if (/^(?:\/|[a-z]:)/i.test(path)) return { code: 'FIDIUS_ARCHIVE_PATH_ABSOLUTE', problem: 'its path is absolute' };
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return { code: 'FIDIUS_ARCHIVE_PATH_TRAVERSAL', problem: 'its path leads upwards' };

  const invalid = (problem: string): PathProblem => ({ code: 'FIDIUS_ARCHIVE_PATH_INVALID', problem });
  if (path.includes('\0')) return invalid('its path contains a zero byte');
  if (path.includes('\\')) return invalid('its path contains a backslash, which is a separator elsewhere');
  if (Buffer.byteLength(path) > maxPathBytes) return invalid(`its path is longer than ${maxPathBytes} bytes`);
  if (parts.some((part) => Buffer.byteLength(part) > maxPartBytes)) {
    return invalid(`a part of its path is longer than ${maxPartBytes} bytes`);
  }
  return parts;
}

/** Keeps two entries from meeting in one place: by the same path, or by paths that some systems cannot tell apart. */
export class EntryNames {
  readonly #taken = new Map<string, { readonly path: string; readonly isFolder: boolean }>();

  /** Adds an entry and the folders around it; returns what it collides with. */
  add(parts: readonly string[], isFolder: boolean): string | undefined {
    for (let length = 1; length <= parts.length; length += 1) {
      const path = parts.slice(0, length).join('/');
      const key = fold(path);
      const mayRepeat = length < parts.length || isFolder;
      const taken = this.#taken.get(key);
      if (taken === undefined) this.#taken.set(key, { path, isFolder: mayRepeat });
      else if (taken.path !== path || !taken.isFolder || !mayRepeat) return taken.path;
    }
    return undefined;
  }
}

/** What file systems that ignore case, or the ways to compose an accent, make of a path. */
function fold(path: string): string {
  return path.normalize('NFC').toLowerCase();
}
