import { type FidiusError, FidiusTypeError } from '../errors/fidius-error.ts';

/** The error for an invalid definition of an interface, a method or a type. */
export function definitionError(message: string, hint?: string): FidiusError {
  return new FidiusTypeError('FIDIUS_INTERFACE_INVALID', message, { hint });
}
