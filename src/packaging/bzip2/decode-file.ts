import { readSync } from 'node:fs';
import { Bzip2Decoder } from './decoder.ts';

const pieceBytes = 256 * 1024;

/**
 * Decodes an open file from where it stands. A piece is the reader's until it asks for the next one.
 *
 * @throws CorruptBzip2
 */
export function* decodeFile(handle: number): Generator<Uint8Array> {
  const decoder = new Bzip2Decoder();
  const input = new Uint8Array(pieceBytes);
  const output = new Uint8Array(pieceBytes);
  for (;;) {
    const length = decoder.read(output);
    if (length === 0) return;
    if (length !== 'starved') {
      yield output.subarray(0, length);
      continue;
    }
    const read = readSync(handle, input);
    if (read === 0) decoder.finish();
    else decoder.push(input.subarray(0, read));
  }
}
