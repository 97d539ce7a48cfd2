/** Reads exact numbers of bytes from pieces of any size. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #total = 0;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Number of bytes that were read. */
  get total(): number {
    return this.#total;
  }

  /** The next bytes, fewer only when the source ends before. */
  async read(count: number): Promise<Uint8Array> {
    if (this.#piece.length >= count) return this.#take(count);
    const bytes = new Uint8Array(count);
    let length = 0;
    while (length < count) {
      const piece = await this.readSome(count - length);
      if (piece === undefined) break;
      bytes.set(piece, length);
      length += piece.length;
    }
    return bytes.subarray(0, length);
  }

  /** The available bytes, at most `count`; `undefined` at the end. They are valid until the next call. */
  async readSome(count: number): Promise<Uint8Array | undefined> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done === true) return undefined;
      this.#piece = value;
    }
    return this.#take(Math.min(count, this.#piece.length));
  }

  #take(count: number): Uint8Array {
    const taken = this.#piece.subarray(0, count);
    this.#piece = this.#piece.subarray(count);
    this.#total += count;
    return taken;
  }

  /** Closes the source at any position. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}
