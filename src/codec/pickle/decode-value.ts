import { type DetachedBuffer, Unpickler } from './unpickler.ts';

export interface DecodeOptions {
  /**
   * `wrapped`: a `float` without a fraction becomes an `IntegralFloat`, so that a declared type can distinguish 3.0
   * from 3. Default: a number.
   */
  readonly integralFloats?: 'wrapped' | undefined;
  /** Returns the name of the value in errors. Default: `result`. */
  readonly name?: (() => string) | undefined;
}

const smallIntBytes = 8;

/** PROTO 5, BININT, four bytes, STOP. */
function isSmallInt(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1] === 5 && bytes[2] === 0x4a && bytes[7] === 0x2e;
}

function readSmallInt(bytes: Uint8Array): number {
  return (
    (bytes[3] as number) | ((bytes[4] as number) << 8) | ((bytes[5] as number) << 16) | ((bytes[6] as number) << 24)
  );
}

/**
 * Decodes a value that `fidius_host.codec.encode` wrote, by the rules of docs/reference/values.md.
 *
 * `bytes` may belong to Python: the result does not refer to them. `buffers` were removed from them, and become part of
 * the result. Does not run code that the bytes choose, and allocates at most a fixed multiple of their length.
 *
 * @throws FidiusError `FIDIUS_VALUE_RESULT` or `FIDIUS_VALUE_CYCLE` for a value that JavaScript cannot represent, with
 *   a path such as `result[3].name`; `FIDIUS_WIRE_CORRUPT` for bytes that are not an encoded value.
 */
export function decodeValue(
  bytes: Uint8Array,
  options: DecodeOptions = {},
  buffers?: readonly DetachedBuffer[],
): unknown {
  // The most frequent result. Creating an Unpickler would be more than half of the work.
  if (bytes.length === smallIntBytes && isSmallInt(bytes)) return readSmallInt(bytes);
  return new Unpickler(bytes, options.integralFloats === 'wrapped', buffers).read(options.name);
}
