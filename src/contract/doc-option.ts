import { describe } from '../errors/options.ts';
import { definitionError } from './definition-error.ts';

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
