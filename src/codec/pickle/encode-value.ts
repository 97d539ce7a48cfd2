import { ValueProblem } from '../value-problem.ts';
import { writeValue } from '../write-value.ts';
import { acquireWriter, releaseWriter } from './writer-pool.ts';

/** One value as a pickle of its own. @throws FidiusError as {@link writeValue} does, the value being called `value`. */
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
