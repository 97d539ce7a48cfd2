import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, parse, resolve, sep } from 'node:path';
import { isPrivateGroup } from './private-group.ts';

/** Why a path cannot be trusted. */
export interface UntrustedPart {
  /** The folder, file or link that is to blame. */
  readonly culprit: string;
  /** Such as `other users may write to it (mode 775)`. */
  readonly problem: string;
  /** What its owner can do. */
  readonly hint: string;
}

// As many as Linux follows.
const mostLinks = 40;

/**
 * Finds out whether another user could put something else at a path, or change what is there.
 *
 * Each folder from the root down, and what lies at the path, has to belong to root or to this user, and nobody else may write to
 * it. A folder in which everybody may write, but remove only what is theirs (`/tmp`), is acceptable when it belongs to root. A
 * link on the way counts like a file and is followed. What does not exist yet is fine: this user will make it.
 *
 * On Windows nothing is checked: its folders have no such modes.
 *
 * @returns nothing when the path can be trusted.
 */
export function findUntrustedPart(path: string): UntrustedPart | undefined {
  if (process.getuid === undefined) return undefined;
  let links = 0;
  let left = partsOf(resolve(path));
  let at = parse(resolve(path)).root;
  for (;;) {
    const status = lstatSync(at, { throwIfNoEntry: false });
    if (status === undefined) return undefined;
    // Nothing can lie below a device; opening the path says so.
    if (!status.isDirectory() && !status.isSymbolicLink() && left.length > 0) return undefined;
    const distrust = judge(at, status);
    if (distrust !== undefined) return distrust;
    if (status.isSymbolicLink()) {
      links += 1;
      if (links > mostLinks)
        return { culprit: at, problem: 'it is a link that leads in a circle', hint: `Remove ${at}.` };
      const target = resolve(dirname(at), readlinkSync(at));
      left = [...partsOf(target), ...left];
      at = parse(target).root;
      continue;
    }
    const [next, ...rest] = left;
    if (next === undefined) return undefined;
    at = at.endsWith(sep) ? at + next : at + sep + next;
    left = rest;
  }
}

function judge(path: string, status: Stats): UntrustedPart | undefined {
  const { uid, gid, mode } = status;
  if (uid !== 0 && uid !== process.getuid?.()) {
    return {
      culprit: path,
      problem: 'it belongs to another user',
      hint: 'Name a path that only this user can change.',
    };
  }
  // A link has no mode of its own.
  if (status.isSymbolicLink()) return undefined;
  const isSticky = status.isDirectory() && (mode & 0o1000) !== 0 && uid === 0;
  const isShared = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !isPrivateGroup(gid));
  if (!isShared || isSticky) return undefined;
  return {
    culprit: path,
    problem: `other users may write to it (mode ${(mode & 0o7777).toString(8)})`,
    hint: `Run chmod go-w ${path}, after a look at what is in it.`,
  };
}

function partsOf(path: string): readonly string[] {
  return path.split(sep).filter((part) => part !== '' && part !== parse(path).root.replaceAll(sep, ''));
}
