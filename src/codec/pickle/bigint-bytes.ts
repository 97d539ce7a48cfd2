/**
 * Converts a bigint to bytes: two's complement, little-endian, the format of an `int` in pickle's LONG1 and LONG4.
 *
 * Uses hexadecimal digits: for a bigint of any size, only conversions to and from a radix that is a power of two take
 * linear time.
 */
export function bigintToBytes(value: bigint): Uint8Array {
  // One byte more than the digits need, for the sign.
  const size = (value.toString(16).length >> 1) + 1;
  const hex = BigInt.asUintN(size * 8, value)
    .toString(16)
    .padStart(size * 2, '0');
  return Buffer.from(hex, 'hex').reverse();
}

/** The reverse of {@link bigintToBytes}. @throws RangeError when the number exceeds V8's limit, about 128 MiB. */
export function bigintFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  const hex = Buffer.from(bytes).reverse().toString('hex');
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`));
}
