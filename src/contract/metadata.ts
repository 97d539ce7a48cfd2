import { describe } from '../errors/options.ts';
import { definitionError } from './definition-error.ts';
import { isPlainObject } from './types/plain-object.ts';

/** Facts about an interface or a method for the host to read, such as `{ cost: 'high' }`. Not in the hash. */
export type Metadata = Readonly<Record<string, string>>;

/** Checks metadata by the rules of the Rust macro. @throws FidiusError `FIDIUS_INTERFACE_INVALID`. */
export function readMetadata(metadata: unknown, place: string): Metadata {
  if (!isPlainObject(metadata))
    throw definitionError(`The metadata of ${place} must be an object, got ${describe(metadata)}`);
  for (const [key, value] of Object.entries(metadata)) {
    const shown = `The metadata key ${JSON.stringify(key)} of ${place}`;
    if (key === '') throw definitionError(`A metadata key of ${place} is empty`);
    if (key !== key.trim()) throw definitionError(`${shown} begins or ends with white space`);
    if (key.startsWith('fidius.')) throw definitionError(`${shown} begins with "fidius.", which is reserved`);
    if (typeof value !== 'string') throw definitionError(`${shown} must have a string, got ${describe(value)}`);
  }
  return Object.freeze({ ...(metadata as Record<string, string>) });
}
