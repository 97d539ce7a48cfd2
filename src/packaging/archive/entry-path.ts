import type { ErrorCode } from '../../errors/codes.ts';

/** Why a path in an archive is rejected. */
export interface PathProblem {
  readonly code: ErrorCode;
  readonly problem: string;
}

// Limits that all systems with Python support below a folder of reasonable depth.
const maxPathBytes = 1024;
const maxPartBytes = 255;

// Characters that Windows does not allow in names or treats specially: `a.py:stream` is a stream of `a.py`.
const forbidden = /[<>:"|?*\p{Cc}]/u;
// Names of Windows devices, which apply in every folder and with any extension (`con.py`).
const devices = /^(?:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

/**
 * Splits the path of an entry. `.` and empty parts are dropped.
 *
 * A path that leads out of the archive, by `..` or as an absolute path, is rejected.
 */
export function splitEntryPath(path: string): readonly string[] | PathProblem {
  if (/^(?:\/|[a-z]:)/i.test(path)) return { code: 'FIDIUS_ARCHIVE_PATH_ABSOLUTE', problem: 'its path is absolute' };
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return { code: 'FIDIUS_ARCHIVE_PATH_TRAVERSAL', problem: 'its path contains ".."' };

  const invalid = (problem: string): PathProblem => ({ code: 'FIDIUS_ARCHIVE_PATH_INVALID', problem });
  if (path.includes('\0')) return invalid('its path contains a zero byte');
  if (path.includes('\\')) return invalid('its path contains a backslash, which is a separator elsewhere');
  if (Buffer.byteLength(path) > maxPathBytes) return invalid(`its path is longer than ${maxPathBytes} bytes`);
  if (parts.some((part) => Buffer.byteLength(part) > maxPartBytes)) {
    return invalid(`a part of its path is longer than ${maxPartBytes} bytes`);
  }
  for (const part of parts) {
    const problem = nameProblem(part);
    if (problem !== undefined) return invalid(`${JSON.stringify(part)} in its path ${problem}`);
  }
  return parts;
}

/** Why some systems do not support a file of this name. */
function nameProblem(name: string): string | undefined {
  const [character] = forbidden.exec(name) ?? [];
  if (character !== undefined) {
    return /\p{Cc}/u.test(character)
      ? `contains a control character, U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
      : `contains ${character}, which Windows does not allow in a name`;
  }
  if (/[. ]$/.test(name)) return `ends with a ${name.endsWith('.') ? 'dot' : 'space'}, which Windows drops`;
  return devices.test(name) ? 'is the name of a device on Windows' : undefined;
}

/** Detects entries with the same path, or with paths that some systems treat as equal. */
export class EntryNames {
  readonly #taken = new Map<string, { readonly path: string; readonly isFolder: boolean }>();

  /** Adds an entry and its parent folders; returns the path that it collides with. */
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

/**
 * The same text for all paths that some file system takes for one: it ignores case, ways to compose an accent, or
 * characters without width.
 *
 * Case is folded in full (`ß` as `ss`, `ﬁ` as `fi`): by way of capitals, and one character at a time, as the small form of
 * a sigma depends on its neighbours.
 */
function fold(path: string): string {
  if (/^[ -~]*$/.test(path)) return path.toLowerCase();
  const visible = path.normalize('NFD').replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  return Array.from(visible.toLowerCase().toUpperCase())
    .map((character) => character.toLowerCase())
    .join('')
    .normalize('NFC');
}
