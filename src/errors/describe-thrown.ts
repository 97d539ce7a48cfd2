import { isError, messageOf } from './is-error.ts';
import { describe } from './options.ts';

/** A thrown value as plain data for Python. Never throws. */
export function describeThrown(thrown: unknown): {
  readonly name: string;
  readonly message: string;
  readonly code: string | null;
} {
  let name = 'Error';
  let code: string | null = null;
  try {
    const message = messageOf(thrown).toWellFormed();
    if (isError(thrown)) {
      name = thrown.name.toWellFormed();
      if ('code' in thrown && typeof thrown.code === 'string') code = thrown.code.toWellFormed();
    }
    return { name, message, code };
  } catch {
    // An object that cannot be converted to text, or an error with properties of other types.
    return { name, message: `${describe(thrown)} was thrown`, code };
  }
}
