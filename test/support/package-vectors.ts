import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Vectors {
  readonly digests: readonly DigestVector[];
  readonly signatures: readonly SignatureVector[];
}

export interface DigestVector {
  readonly id: string;
  /** A path that ends in `/` is an empty folder. */
  readonly files: readonly { readonly path: string; readonly content_hex: string | null }[];
  readonly sha256: string;
}

export interface SignatureVector {
  readonly id: string;
  readonly secret_key_hex: string;
  readonly public_key_hex: string;
  /** The `id` of the digest that is signed. */
  readonly digest: string;
  readonly signature_hex: string;
}

/** Digests and signatures that the Rust tool made. */
export const packageVectors: Vectors = JSON.parse(
  readFileSync(new URL('../fixtures/vectors/packages.json', import.meta.url), 'utf8'),
);

/** Writes the files of a vector below `dir`. */
export function writeVector(vector: DigestVector, dir: string): void {
  for (const { path, content_hex } of vector.files) {
    const target = join(dir, path);
    mkdirSync(content_hex === null ? target : dirname(target), { recursive: true });
    if (content_hex !== null) writeFileSync(target, Buffer.from(content_hex, 'hex'));
  }
}
