import { ValueProblem } from '../value-problem.ts';
import { writeValue } from '../write-value.ts';
import { acquireWriter, releaseWriter } from './writer-pool.ts';

/**
 * Encodes one value as a pickle.
 *
 * @throws FidiusError in the cases of {@link writeValue}; the path starts with `value`.
 */
export function encodeValue(value: unknown): Uint8Array {
  const writer = acquireWriter();
  try {
    writer.begin();
    writeValue(writer, value);
    return new Uint8Array(writer.finish());
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    throw error.toFidiusError('value', (place) => `Cannot pass ${place} to Python`);
  } finally {
    releaseWriter(writer);
  }
}
