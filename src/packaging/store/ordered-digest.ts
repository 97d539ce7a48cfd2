import { PackageDigest } from '../digest.ts';

/** Computes a package digest from files in any order. It is known only if the order is the byte order of the paths. */
export class OrderedDigest {
  readonly #digest = new PackageDigest();
  #last: Buffer = Buffer.alloc(0);
  #isOrdered = true;

  beginFile(path: string, bytes: number): void {
    const key = Buffer.from(path);
    this.#isOrdered &&= this.#last.compare(key) < 0;
    this.#last = key;
    this.#digest.beginFile(path, bytes);
  }

  update(piece: Uint8Array): void {
    this.#digest.update(piece);
  }

  /** The package digest; `undefined` if the files came in another order. */
  finish(): Buffer | undefined {
    const digest = this.#digest.finish();
    return this.#isOrdered ? digest : undefined;
  }
}

/** Passes a content on, and adds it to a digest. */
export async function* digested(
  content: AsyncIterable<Uint8Array>,
  digest: { readonly update: (piece: Uint8Array) => void },
): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    digest.update(piece);
    yield piece;
  }
}
