import { FidiusError } from '../errors/fidius-error.ts';

/** What is thrown when an interface, a method or a type is put together in a way that cannot be. */
export function definitionError(message: string, hint?: string): FidiusError {
  return new FidiusError('FIDIUS_INTERFACE_INVALID', message, { hint });
}
