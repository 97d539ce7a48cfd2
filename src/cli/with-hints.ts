import type { ErrorCode } from '../errors/codes.ts';
import { FidiusError, isFidiusError } from '../errors/fidius-error.ts';

/**
 * Runs an action of the library. Where it fails with one of these codes, its hint, which speaks of options in a program, is
 * replaced by one that can be typed.
 */
export async function withHints<T>(
  hints: Partial<Readonly<Record<ErrorCode, string>>>,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const hint = isFidiusError(cause) ? hints[cause.code] : undefined;
    throw isFidiusError(cause) && hint !== undefined
      ? new FidiusError(cause.code, cause.message, { cause, hint })
      : cause;
  }
}
