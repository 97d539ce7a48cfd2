import { bigintFromBytes } from './bigint-bytes.ts';

/**
 * A Python `int` from two's complement bytes, lowest first: a number if it is a safe integer, else a bigint.
 *
 * @throws when V8 has no bigint of that size: about 128 MiB.
 */
export function decodeInt(bytes: Uint8Array, at: number, size: number): number | bigint {
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
  // Beyond 2^53 the sum may be rounded, but never back into the safe range.
  const sum = high * 0x1_0000_0000 + low;
  return Number.isSafeInteger(sum) ? sum : (BigInt(high) << 32n) | BigInt(low);
}

function toNumberIfSafe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
