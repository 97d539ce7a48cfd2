import { FidiusError } from '../../errors/fidius-error.ts';
import { bigintFromBytes } from './bigint-bytes.ts';
import type { DecodeProblems } from './decode-problems.ts';
import { loneSurrogate, longText, notText, shortText, tooLong } from './decode-text.ts';

/**
 * Reads the scalars of a pickle at offsets that the caller determines.
 *
 * Every length is checked against the remaining bytes before anything is read or allocated. A value that JavaScript
 * cannot represent is replaced by a placeholder and recorded in `problems`.
 */
export class PickleBytes {
  readonly bytes: Uint8Array;
  readonly #problems: DecodeProblems;
  #view: DataView | undefined;
  #buffer: Buffer | undefined;

  constructor(bytes: Uint8Array, problems: DecodeProblems) {
    this.bytes = bytes;
    this.#problems = problems;
  }

  uint8(at: number): number {
    this.need(at, 1);
    return this.bytes[at] as number;
  }

  uint16(at: number): number {
    this.need(at, 2);
    return (this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8);
  }

  uint32(at: number): number {
    this.need(at, 4);
    const { bytes } = this;
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    return (low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
  }

  /** Rounded above 2^53, which exceeds every possible length. */
  uint64(at: number): number {
    return this.uint32(at) + this.uint32(at + 4) * 0x1_0000_0000;
  }

  float(at: number): number {
    this.need(at, 8);
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    return this.#view.getFloat64(at);
  }

  int(at: number, size: number): unknown {
    this.need(at, size);
    try {
      return decodeInt(this.bytes, at, size);
    } catch {
      return this.#problems.placeholder(
        `an int of ${size} bytes is larger than a bigint can be`,
        'Return it as bytes or as text.',
      );
    }
  }

  text(at: number, size: number): unknown {
    this.need(at, size);
    return shortText(this.bytes, at, size) ?? this.#longText(at, size);
  }

  /** A copy of the bytes. */
  copy(at: number, size: number): Uint8Array {
    this.need(at, size);
    const copy = new Uint8Array(size);
    copy.set(this.bytes.subarray(at, at + size));
    return copy;
  }

  /** Checks that `size` bytes remain. */
  need(at: number, size: number): void {
    if (size > this.bytes.length - at) throw this.truncated();
  }

  truncated(): Error {
    return corruptDataError('the end of the data in the middle of a value', this.bytes.length);
  }

  #longText(at: number, size: number): unknown {
    this.#buffer ??= Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    const text = longText(this.#buffer, at, at + size);
    switch (text) {
      case notText:
        throw corruptDataError('text that is not UTF-8', at);
      case tooLong:
        return this.#problems.placeholder(
          `a str of ${size} bytes is longer than a string can be`,
          'Return it as bytes, or in parts.',
        );
      case loneSurrogate:
        return this.#problems.placeholder(
          'the str contains a lone surrogate, which is not valid text',
          "Return bytes, or clean it with text.encode('utf-8', 'replace').decode().",
        );
      default:
        return text;
    }
  }
}

/**
 * Decodes a Python `int` from two's complement bytes, little-endian: a number if it is a safe integer, else a bigint.
 *
 * @throws RangeError when the number exceeds V8's limit, about 128 MiB.
 */
function decodeInt(bytes: Uint8Array, at: number, size: number): number | bigint {
  if (size > 8) return toNumberIfSafe(bigintFromBytes(bytes.subarray(at, at + size)));
  let low = 0;
  let high = 0;
  for (let index = Math.min(size, 4) - 1; index >= 0; index -= 1) low = (low << 8) | (bytes[at + index] as number);
  if (size <= 4) {
    const unused = 32 - size * 8;
    return size === 0 ? 0 : (low << unused) >> unused;
  }
  for (let index = size - 1; index >= 4; index -= 1) high = (high << 8) | (bytes[at + index] as number);
  const unused = 64 - size * 8;
  high = (high << unused) >> unused;
  low >>>= 0;
  // Above 2^53 the sum may be rounded, but never to a safe integer.
  const sum = high * 0x1_0000_0000 + low;
  return Number.isSafeInteger(sum) ? sum : (BigInt(high) << 32n) | BigInt(low);
}

function toNumberIfSafe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The error for bytes that are not a valid encoded value: truncated, modified, or written by another program. */
export function corruptDataError(found: string, offset: number): FidiusError {
  return new FidiusError('FIDIUS_WIRE_CORRUPT', `Cannot read a value from Python: ${found} at byte ${offset}`, {
    hint: 'Open a new host. If it happens again, report this error with the names and versions of the plugins.',
  });
}
