import { types } from 'node:util';

/**
 * Whether a value is an error, also one of another realm. A test runner may give each file a separate `vm` context, in
 * which errors of Node are not instances of `Error`.
 */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** The message of a thrown value. */
export function messageOf(thrown: unknown): string {
  return isError(thrown) ? thrown.message : String(thrown);
}

/** Node's code of a failed system call, such as `ENOENT`; nothing for any other error. */
export function ioCode(error: unknown): string | undefined {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
