import { isError } from '../errors/is-error.ts';
/** Node's code of a failed system call, such as `ENOENT`; nothing for any other error. */
export function ioCode(error: unknown): string | undefined {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
