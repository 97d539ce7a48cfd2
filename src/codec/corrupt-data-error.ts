import { FidiusError } from '../errors/fidius-error.ts';

/** The error for bytes that are not a valid encoded value: truncated, modified, or written by another program. */
export function corruptDataError(found: string, offset: number): FidiusError {
  return new FidiusError('FIDIUS_WIRE_CORRUPT', `Cannot read a value from Python: ${found} at byte ${offset}`);
}
