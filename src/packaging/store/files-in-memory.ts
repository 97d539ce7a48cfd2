/**
 * How many bytes of a package are kept in memory between its verification and its storage. Typical packages are smaller; a larger
 * package is read again.
 */
export const maxMemoryBytes = 16 * 1024 * 1024;

/** The verified files of a package, kept in memory so that the stored bytes are the verified ones. */
export class FilesInMemory {
  readonly #contents = new Map<string, Buffer>();
  #bytes = 0;

  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= maxMemoryBytes;
  }

  add(path: string, content: Buffer): void {
    this.#contents.set(path, content);
    this.#bytes += content.length;
  }

  /** Path and content of each file, in the order in which they were added. */
  entries(): Iterable<[path: string, content: Buffer]> {
    return this.#contents;
  }
}

const pieceBytes = 256 * 1024;

/** Cuts a content, so that the event loop can run between two pieces. */
export function* piecesOf(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
}
