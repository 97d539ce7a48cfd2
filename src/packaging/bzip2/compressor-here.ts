import { TimeSlice } from '../time-slice.ts';
import { Libbzip2 } from './libbzip2.ts';

/** Compresses on this thread, for a process that may not start others. Between two pieces the event loop has its turn. */
export class CompressorHere {
  readonly size = 1;
  readonly #libbzip2 = new Libbzip2();
  readonly #slice = new TimeSlice();

  async compress(piece: Uint8Array): Promise<Uint8Array> {
    await this.#slice.rest();
    return this.#libbzip2.compress(piece);
  }

  async close(): Promise<void> {}
}
