import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, parse, resolve, sep } from 'node:path';
import { readForeignFile } from './open-foreign-file.ts';

/** Why a path cannot be trusted. */
interface UntrustedPart {
  /** The folder, file or link that cannot be trusted. */
  readonly culprit: string;
  /** Such as `other users may write to it (mode 775)`. */
  readonly problem: string;
  /** What its owner can do. */
  readonly hint: string;
}

// The limit of Linux.
const mostLinks = 40;

/**
 * Determines whether another user could replace or change a path.
 *
 * Each folder from the root, and the path itself, must belong to root or to this user, and must not be writable for
 * other users. A sticky folder such as `/tmp` is acceptable if it belongs to root. Links are checked and followed. A
 * missing path is acceptable, because this user will create it.
 *
 * Nothing is checked on Windows, which has no such modes.
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
    // There is nothing below a file. Opening the path reports this.
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
  // Links have no separate mode.
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

// These lists are short on machines with private groups.
const maxListBytes = 4 * 1024 * 1024;

let known: { readonly gid: number; readonly isPrivate: boolean } | undefined;

/**
 * Whether this user is the only member of a group.
 *
 * Many systems give each user a group with the same number and make new files writable for it. The result is false for
 * groups of other users, and for groups that are not private according to the lists of the system.
 */
function isPrivateGroup(gid: number): boolean {
  const uid = process.getuid?.();
  if (uid === undefined || uid === 0 || gid !== uid || gid !== process.getgid?.()) return false;
  known ??= { gid, isPrivate: hasNoOtherMember(gid, uid) };
  return known.gid === gid && known.isPrivate;
}

function hasNoOtherMember(gid: number, uid: number): boolean {
  try {
    const users = rowsOf('/etc/passwd').filter((row) => row[3] === String(gid));
    const groups = rowsOf('/etc/group').filter((row) => row[2] === String(gid));
    const [user] = users;
    const members = groups.flatMap((row) => (row[3] ?? '').split(',')).filter((member) => member !== '');
    return (
      users.length === 1 &&
      groups.length === 1 &&
      user?.[2] === String(uid) &&
      members.every((member) => member === user[0])
    );
  } catch {
    return false;
  }
}

function rowsOf(path: string): readonly (readonly string[])[] {
  const text = readForeignFile(path, { links: 'follow', maxBytes: maxListBytes }).toString();
  return text.split('\n').map((line) => line.split(':'));
}
