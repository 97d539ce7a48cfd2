import { readForeignFile } from './open-foreign-file.ts';

// These lists are short on any machine that has private groups in them.
const maxListBytes = 4 * 1024 * 1024;

let known: { readonly gid: number; readonly isPrivate: boolean } | undefined;

/**
 * Whether a group has no member but this user.
 *
 * Many systems give each user a group of the same number and let the group write to everything that the user makes. Of
 * another user's group, and of one that the lists of the system do not show to be private, the answer is no.
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
