const offsetBasis = 0xcbf29ce484222325n;
const prime = 0x00000100000001b3n;

/**
 * FNV-1a with 64 bits: xor a byte, multiply, modulo 2^64. The hash of no bytes is the offset basis
 * `0xcbf29ce484222325`.
 */
export function fnv1a64(bytes: Uint8Array): bigint {
  let hash = offsetBasis;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  return hash;
}
