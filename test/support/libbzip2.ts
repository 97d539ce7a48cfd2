interface Compressor {
  init(): Promise<void>;
  compress(bytes: Uint8Array, level: number, maxLength: number): Uint8Array;
}

/** The wrapper keeps a view of the memory that becomes invalid when a large piece makes the memory grow. */
const pieceBytes = 4 * 1024 * 1024;

let compressor: Promise<Compressor> | undefined;

/**
 * Compresses with libbzip2 and the JavaScript that its package has, which the library does not use: what a test writes
 * does not depend on the code under test. More than 4 MiB become several streams, as `pbzip2` writes them.
 */
export async function compressBzip2(bytes: Uint8Array): Promise<Uint8Array> {
  compressor ??= loadCompressor();
  const loaded = await compressor;
  const streams: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    streams.push(loaded.compress(piece, 9, Math.ceil(piece.length * 1.01) + 600));
  }
  return Buffer.concat(streams);
}

async function loadCompressor(): Promise<Compressor> {
  // The package has no types.
  const name: string = 'bzip2-wasm';
  const { default: BZip2 } = (await import(name)) as { readonly default: new () => Compressor };
  const loaded = new BZip2();
  await loaded.init();
  // It leaves these behind for its WebAssembly module.
  for (const left of ['__dirname', 'require']) Reflect.deleteProperty(globalThis, left);
  return loaded;
}
