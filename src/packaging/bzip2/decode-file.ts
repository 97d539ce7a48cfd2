import { readSync } from 'node:fs';
import { Bzip2Decoder } from './decoder.ts';

const pieceBytes = 256 * 1024;

export interface DecodedPiece {
  /** Valid until the next piece is requested. */
  readonly bytes: Uint8Array;
  /** How far the file has been read. */
  readonly position: number;
}

/**
 * Decodes an open file from its beginning, wherever its own position is: the same file can be read several times.
 *
 * @throws CorruptBzip2
 */
export function* decodeFile(handle: number): Generator<DecodedPiece> {
  const decoder = new Bzip2Decoder();
  const input = new Uint8Array(pieceBytes);
  const output = new Uint8Array(pieceBytes);
  let position = 0;
  for (;;) {
    const length = decoder.read(output);
    if (length === 0) return;
    if (length !== 'starved') {
      yield { bytes: output.subarray(0, length), position };
      continue;
    }
    const read = readSync(handle, input, 0, input.length, position);
    position += read;
    if (read === 0) decoder.finish();
    else decoder.push(input.subarray(0, read));
  }
}
