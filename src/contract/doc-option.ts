import { describe } from '../errors/options.ts';
import { definitionError } from './definition-error.ts';

export interface DocOptions {
  /** What it is for, in a sentence or more. Goes into the Python stub. */
  readonly doc?: string;
}

/** What was said, if anything was. @throws FidiusError `FIDIUS_INTERFACE_INVALID` when `doc` is there and no string. */
export function readDoc(doc: unknown, place: string): string | undefined {
  if (doc === undefined || typeof doc === 'string') return doc?.trim() === '' ? undefined : doc;
  throw definitionError(`doc of ${place} must be a string, got ${describe(doc)}`);
}
