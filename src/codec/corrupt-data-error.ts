import { FidiusError } from '../errors/fidius-error.ts';

/** What to throw for bytes that are no value of ours: cut off, changed, or written by something else. */
export function corruptDataError(found: string, offset: number): FidiusError {
  return new FidiusError('FIDIUS_WIRE_CORRUPT', `Cannot read a value from Python: ${found} at byte ${offset}`);
}
