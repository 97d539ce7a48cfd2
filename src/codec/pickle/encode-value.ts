import type { CallableMethod } from '../method-codec.ts';
import { ValueProblem } from '../value-problem.ts';
import { writeValue } from '../write-value.ts';
import { PickleWriter } from './pickle-writer.ts';

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

/** Encodes what a function writes. @throws what the function throws. */
export function encodeUntilEnd(write: (writer: PickleWriter) => void): Uint8Array {
  const writer = acquireWriter();
  try {
    writer.begin();
    write(writer);
    return new Uint8Array(writer.finish());
  } finally {
    releaseWriter(writer);
  }
}

/** Encodes the arguments of a call. @throws FidiusError for arguments that cannot be encoded. */
export function encodeArguments({ codec }: CallableMethod, args: readonly unknown[]): Uint8Array {
  return encodeUntilEnd((writer) => codec.writeArguments(writer, args));
}

let spare: PickleWriter | undefined;

/**
 * Returns a writer for one pickle. The caller must release it, also after an error.
 *
 * Writing may run getters of the caller, and these may call a plugin while the pickle is incomplete. Each call
 * therefore has its own writer; almost always it is the same one.
 */
export function acquireWriter(): PickleWriter {
  const writer = spare ?? new PickleWriter();
  spare = undefined;
  return writer;
}

export function releaseWriter(writer: PickleWriter): void {
  spare = writer;
}
