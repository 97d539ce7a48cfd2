import { asBytes } from '../../codec/bytes.ts';
import { createType, type Type } from '../type.ts';
import { badArgument, badResult } from '../type-mismatch.ts';

/** Arguments that become `bytes` in Python. */
export type BytesInput = Uint8Array | ArrayBufferLike | DataView;

/** `Vec<u8>`, which is `bytes` in Python. As a result a list of small integers is accepted too, which the Rust host
 * requires. */
export const bytes: Type<Uint8Array, BytesInput> = createType({
  rust: 'Vec<u8>',
  shape: { kind: 'bytes' },
  converter: {
    scalar: { kind: 'bytes', check: checkBytes },
    write: (writer, value) => writer.bytes(checkBytes(value)),
    read(value) {
      if (value instanceof Uint8Array) return value;
      if (Array.isArray(value) && value.every(isByte)) return Uint8Array.from(value);
      throw badResult('bytes', value);
    },
  },
});

function checkBytes(value: unknown): Uint8Array {
  const memory = asBytes(value);
  if (memory === undefined) throw badArgument('a Uint8Array, an ArrayBuffer or a DataView', value);
  return memory;
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}
