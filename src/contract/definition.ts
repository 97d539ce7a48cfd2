import { type FidiusError, FidiusTypeError } from '../errors/fidius-error.ts';
import { describe } from '../errors/options.ts';
import { isPlainObject } from './types/plain-object.ts';

/** The error for an invalid definition of an interface, a method or a type. */
export function definitionError(message: string, hint?: string): FidiusError {
  return new FidiusTypeError('FIDIUS_INTERFACE_INVALID', message, { hint });
}

/** The option of everything that has documentation: interfaces, methods, structs and enums. */
export interface DocOptions {
  /**
   * Documentation, in one or more sentences. Part of the Python stub, not of the hash.
   *
   * @default no documentation
   */
  readonly doc?: string;
}

/** Returns the option `doc`. @throws FidiusError `FIDIUS_INTERFACE_INVALID` when it is not a string. */
export function readDoc(doc: unknown, place: string): string | undefined {
  if (doc === undefined || typeof doc === 'string') return doc?.trim() === '' ? undefined : doc;
  throw definitionError(`doc of ${place} must be a string, got ${describe(doc)}`);
}

/** Facts about an interface or a method for the host to read, such as `{ cost: 'high' }`. Not in the hash. */
export type Metadata = Readonly<Record<string, string>>;

/** Checks metadata by the rules of the Rust macro. @throws FidiusError `FIDIUS_INTERFACE_INVALID`. */
export function readMetadata(metadata: unknown, place: string): Metadata {
  if (!isPlainObject(metadata))
    throw definitionError(`The metadata of ${place} must be an object, got ${describe(metadata)}`);
  for (const [key, value] of Object.entries(metadata)) {
    const shown = `The metadata key ${JSON.stringify(key)} of ${place}`;
    if (key === '') throw definitionError(`A metadata key of ${place} is empty`, 'Name it.');
    if (key !== key.trim()) throw definitionError(`${shown} begins or ends with white space`, 'Remove it.');
    if (key.startsWith('fidius.'))
      throw definitionError(`${shown} begins with "fidius.", which is reserved`, 'Begin it with another word.');
    if (typeof value !== 'string') throw definitionError(`${shown} must have a string, got ${describe(value)}`);
  }
  return Object.freeze({ ...(metadata as Record<string, string>) });
}

/** What to do about a name that Rust does not accept. */
export const nameHint = 'Use letters, digits and `_`, no digit first, and no keyword of Rust.';
