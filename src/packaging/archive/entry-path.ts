import type { ErrorCode } from '../../errors/codes.ts';

/** Why a path in an archive is refused. */
export interface PathProblem {
  readonly code: ErrorCode;
  readonly problem: string;
}

// What every system that Python runs on can hold below a folder of reasonable depth.
const maxPathBytes = 1024;
const maxPartBytes = 255;

// What Windows refuses in a name, or takes for something else: `a.py:stream` is a part of `a.py`.
const forbidden = /[<>:"|?*\p{Cc}]/u;
// Devices of Windows in every folder, whatever the extension: `con.py` too.
const devices = /^(?:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

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
  for (const part of parts) {
    const problem = nameProblem(part);
    if (problem !== undefined) return invalid(`${JSON.stringify(part)} in its path ${problem}`);
  }
  return parts;
}

/** Why not every system can hold a file of this name. */
function nameProblem(name: string): string | undefined {
  const [character] = forbidden.exec(name) ?? [];
  if (character !== undefined) {
    return /\p{Cc}/u.test(character)
      ? `contains a control character, U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
      : `contains ${character}, which Windows cannot hold in a name`;
  }
  if (/[. ]$/.test(name)) return `ends with a ${name.endsWith('.') ? 'dot' : 'space'}, which Windows drops`;
  return devices.test(name) ? 'is the name of a device on Windows' : undefined;
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
