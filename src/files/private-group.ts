import { readForeignFile } from './open-foreign-file.ts';

// These lists are short on machines with private groups.
const maxListBytes = 4 * 1024 * 1024;

let known: { readonly gid: number; readonly isPrivate: boolean } | undefined;

/**
 * Whether this user is the only member of a group.
 *
 * Many systems give each user a group with the same number and make new files writable for it. The result is false for
 * groups of other users, and for groups that are not private according to the lists of the system.
 */
export function isPrivateGroup(gid: number): boolean {
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
