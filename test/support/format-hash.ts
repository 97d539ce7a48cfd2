/** An interface hash as messages of both hosts and the Rust tool write it. */
export function formatHash(hash: bigint): string {
  return `0x${hash.toString(16).padStart(16, '0')}`;
}
