import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { crypto } from '../digest/crypto.ts';

/**
 * libbzip2 1.0.8 itself, as WebAssembly: about as fast as the program, without a compiler at installation.
 *
 * The package `bzip2-wasm` carries it. Only its binary is used, and only if it is the very one that was examined: the
 * JavaScript around it puts names into the global scope, and cannot compress in pieces.
 */
const binaryPath = 'bzip2-wasm/bzip2-1.0.8/bzip2.wasm';
const binarySha256 = '39508deac208c5d06edbeb3e04e9280a227830eb247e867977f0d2046703860a';

/** The part of WebAssembly that is used; the types of Node 20 leave it out. */
interface WebAssemblyApi {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly __wasm_call_ctors: () => void;
  readonly malloc: (bytes: number) => number;
  readonly free: (pointer: number) => void;
  readonly BZ2_bzBuffToBuffCompress: (
    destination: number,
    destinationLength: number,
    source: number,
    sourceLength: number,
    blockSize100k: number,
    verbosity: number,
    workFactor: number,
  ) => number;
}

const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
const level = 9;
const defaultWorkFactor = 30;

export class Libbzip2 {
  readonly #exports: Exports;

  /** @param code what {@link libbzip2Code} gives, which also a thread that cannot find the package can be sent. */
  constructor(code = libbzip2Code()) {
    const instance = new webAssembly.Instance(code, {
      env: {
        exit: refuse,
        emscripten_memcpy_big: (to: number, from: number, bytes: number) =>
          this.#heap.copyWithin(to, from, from + bytes),
        emscripten_resize_heap: (bytes: number) => this.#grow(bytes),
      },
      // Standard output, for messages that the default verbosity never prints.
      wasi_snapshot_preview1: { fd_close: refuse, fd_write: refuse, fd_seek: refuse },
    });
    this.#exports = instance.exports as Exports;
    this.#exports.__wasm_call_ctors();
  }

  /** Compresses to one bzip2 stream of level 9. */
  compress(bytes: Uint8Array): Uint8Array {
    const { malloc, free, BZ2_bzBuffToBuffCompress } = this.#exports;
    const capacity = Math.ceil(bytes.length * 1.01) + 600;
    const source = malloc(bytes.length);
    const destination = malloc(capacity);
    const length = malloc(4);
    try {
      if (source === 0 || destination === 0 || length === 0) throw new Error('libbzip2 has no memory left');
      this.#heap.set(bytes, source);
      this.#view.setUint32(length, capacity, true);
      const code = BZ2_bzBuffToBuffCompress(destination, length, source, bytes.length, level, 0, defaultWorkFactor);
      if (code !== 0) throw new Error(`libbzip2 failed with code ${code}`);
      return this.#heap.slice(destination, destination + this.#view.getUint32(length, true));
    } finally {
      for (const pointer of [source, destination, length]) free(pointer);
    }
  }

  // Growing the memory detaches existing views, so views are created on each access.
  get #heap(): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer);
  }

  get #view(): DataView {
    return new DataView(this.#exports.memory.buffer);
  }

  #grow(bytes: number): number {
    const pages = Math.ceil((bytes - this.#exports.memory.buffer.byteLength) / 65_536);
    try {
      this.#exports.memory.grow(Math.max(pages, 0));
      return 1;
    } catch {
      return 0;
    }
  }
}

let compiled: object | undefined;

/** The code of libbzip2: found, examined and compiled, once per thread. */
export function libbzip2Code(): object {
  compiled ??= compile();
  return compiled;
}

function compile(): object {
  const binary = readFileSync(createRequire(import.meta.url).resolve(binaryPath));
  const sha256 = crypto().createHash('sha256').update(binary).digest('hex');
  if (sha256 !== binarySha256) throw new Error(`${binaryPath} does not have the expected content: SHA-256 ${sha256}`);
  return new webAssembly.Module(binary);
}

function refuse(): never {
  throw new Error('libbzip2 called an unexpected system function');
}
