import { ioCode } from './is-error.ts';

/** What to do about the failures of the file system that are not about one kind of file. */
const hints: Readonly<Record<string, string>> = {
  EACCES: 'Give this user access to the path, or name another one.',
  EBUSY: 'Close the program that uses the file, and try again.',
  EDQUOT: 'Free space within the quota of this user, and try again.',
  EEXIST: 'Name a path that does not exist yet.',
  EIO: 'Check the disk: the system cannot read or write it.',
  EISDIR: 'Name a file: this is a folder.',
  ELOOP: 'Name the file itself: this is a link, or a chain of links.',
  EMFILE: 'Close files, or raise the limit of open files (`ulimit -n`).',
  ENAMETOOLONG: 'Use a shorter path.',
  ENOENT: 'Correct the path, or create what is missing on it.',
  ENOSPC: 'Free space on the disk, and try again.',
  ENOTDIR: 'Correct the path: a part of it is not a folder.',
  EPERM: 'Give this user access to the path, or name another one.',
  EROFS: 'Name a path on a file system that can be written to.',
  EXDEV: 'Name a path on the same file system.',
};

/** What to do about a failed operation of the file system. */
export function ioHint(cause: unknown): string {
  const code = ioCode(cause);
  return hints[code ?? ''] ?? 'Correct what the system reports, and try again.';
}
