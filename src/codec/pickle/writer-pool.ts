import { PickleWriter } from './pickle-writer.ts';

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
