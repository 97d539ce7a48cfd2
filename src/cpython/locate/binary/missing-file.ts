import { existsSync, lstatSync, readlinkSync } from 'node:fs';

/** Why there is nothing at `path`, for a message; `undefined` when there is something. */
export function describeMissing(path: string): string | undefined {
  if (existsSync(path)) return undefined;
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? `is a link to ${readlinkSync(path)}, which does not exist` : 'does not exist';
}
