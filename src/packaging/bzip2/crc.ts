/** The polynomial of bzip2: that of zlib, with the bits in the opposite order. */
const polynomial = 0x04c11db7;

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ polynomial : crc << 1;
  return crc;
});

/** What a checksum starts as. */
export const crcStart = -1;

/** Continues a checksum with `bytes`. */
export function updateCrc(crc: number, bytes: Uint8Array, end: number = bytes.length): number {
  for (let index = 0; index < end; index += 1) {
    crc = (crc << 8) ^ (table[(crc >>> 24) ^ (bytes[index] as number)] as number);
  }
  return crc;
}

/** The unsigned number that is stored in the stream. */
export function finishCrc(crc: number): number {
  return ~crc >>> 0;
}
