import { PickleWriter } from './pickle-writer.ts';

let spare: PickleWriter | undefined;

/**
 * A writer for one pickle, to be given back afterwards in any case.
 *
 * Writing may run a caller's getters, and those may call a plugin, in the middle of the pickle that is being written:
 * whoever writes takes a writer of their own, and nearly always it is the same one.
 */
export function acquireWriter(): PickleWriter {
  const writer = spare ?? new PickleWriter();
  spare = undefined;
  return writer;
}

export function releaseWriter(writer: PickleWriter): void {
  spare = writer;
}
