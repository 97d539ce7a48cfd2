import { types } from 'node:util';

/**
 * True for an error, also one of another realm: where a test runner gives each file a `vm` context of its own, what Node
 * itself throws is no instance of the `Error` that this code sees.
 */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** What happened, in the words of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return isError(thrown) ? thrown.message : String(thrown);
}

/** Node's code of a failed system call, such as `ENOENT`; nothing for any other error. */
export function ioCode(error: unknown): string | undefined {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
