import type { OpenedFile } from '../read-files.ts';
import { blockBytes, formatTarHeader } from './tar-header.ts';

const maxShortPath = 100;

/**
 * Writes a tar file in GNU's form, as the Rust tool does: files only, folders follow from their paths.
 *
 * The same files give the same bytes: owners are nobody, times are one time, modes say only whether a file may be executed.
 *
 * @param prefix goes before every path, such as `demo-1.0.0/`.
 * @param onPiece sees the contents as they go by.
 */
export async function* writeTar(
  files: AsyncIterable<OpenedFile>,
  prefix: string,
  observer: { readonly beginFile: (file: OpenedFile) => void; readonly update: (piece: Uint8Array) => void },
): AsyncGenerator<Uint8Array> {
  for await (const file of files) {
    observer.beginFile(file);
    const path = Buffer.from(prefix + file.path);
    if (path.length > maxShortPath) yield* writeLongName(path);
    const mode = (file.mode & 0o111) === 0 ? 0o644 : 0o755;
    yield formatTarHeader({ path, size: file.bytes, mode, type: '0' });
    for await (const piece of file.content) {
      observer.update(piece);
      yield piece;
    }
    yield padding(file.bytes);
  }
  yield new Uint8Array(2 * blockBytes);
}

/** An entry of its own, whose content is the path of the next one and a zero. */
function* writeLongName(path: Buffer): Generator<Uint8Array> {
  const size = path.length + 1;
  yield formatTarHeader({ path: Buffer.from('././@LongLink'), size, mode: 0o644, type: 'L' });
  yield Buffer.concat([path, Buffer.alloc(1), padding(size)]);
}

function padding(size: number): Uint8Array {
  return new Uint8Array((blockBytes - (size % blockBytes)) % blockBytes);
}
