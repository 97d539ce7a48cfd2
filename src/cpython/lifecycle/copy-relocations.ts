import type { SharedLibrary } from '../../ffi/ffi.ts';
import type { Libc, LibcFunction } from '../../ffi/libc.ts';
import { ffi } from '../../ffi/native.ts';

/** Streams of C++ by the names of their symbols, with their sizes in bytes, which the ABI has fixed. */
const streams = { _ZSt4cout: 272, _ZSt4cerr: 272, _ZSt4clog: 272, _ZSt3cin: 280 };

const pointerBytes = 8;

/**
 * Fills in data of the C and C++ libraries that Python would find empty.
 *
 * The node binary keeps `environ`, `std::cout` and other variables of its libraries in itself (a "copy relocation"), and
 * all other code uses these; the originals in the libraries are never initialised. Code that prefers its own libraries, as
 * libpython and its extension modules must (see `openLibrary`), finds the originals: `os.environ` would be empty, and the
 * first output of a C++ library would crash.
 *
 * To be called before Python starts, once per process. Does nothing where there are no such copies.
 */
export function fillCopyRelocations(libc: Libc): void {
  if (process.platform !== 'linux') return;
  const everything = libc.library;
  const data = new Data(libc);
  const environment = findOriginal(everything, 'libc.so.6', 'environ');
  if (environment !== undefined) fillEnvironment(environment, data);
  for (const [name, bytes] of Object.entries(streams)) {
    const stream = findOriginal(everything, 'libstdc++.so.6', name);
    if (stream !== undefined) fillStream(stream, bytes, data);
  }
}

/** The address of a variable in use, and its address in the library. */
interface Original {
  readonly used: number;
  readonly original: number;
}

/** Nothing where there is only one. */
function findOriginal(everything: SharedLibrary, libraryName: string, name: string): Original | undefined {
  // Looked for first, so that nothing is loaded into a process that does not have it.
  if (!everything.has(name)) return undefined;
  const library = ffi.openSystemLibrary(libraryName);
  if (library?.has(name) !== true) return undefined;
  const [used, original] = [everything.address(name), library.address(name)];
  return used === original ? undefined : { used, original };
}

/**
 * Copies the environment in its present state to a separate array, which is never freed: the array in use moves when
 * variables are added, while their texts are never freed.
 */
function fillEnvironment({ used, original }: Original, data: Data): void {
  const array = Number(data.pointerAt(used));
  if (array === 0 || data.pointerAt(original) !== 0n) return;
  const variables: bigint[] = [];
  for (let slot = 0; variables.at(-1) !== 0n; slot += 1) variables.push(data.pointerAt(array + slot * pointerBytes));
  const copy = data.keep(BigUint64Array.from(variables));
  data.write(original, BigUint64Array.of(BigInt(copy)));
}

/** The stream as it is now: what it refers to (its buffer, its locale) is there once, and lives as long as the process. */
function fillStream({ used, original }: Original, bytes: number, data: Data): void {
  if (data.read(original, bytes).some((byte) => byte !== 0)) return;
  data.write(original, data.read(used, bytes));
}

/** Memory at addresses of the process. */
class Data {
  readonly #copyOut: LibcFunction<'copyToMemory'>;
  readonly #copyIn: LibcFunction<'copyFromMemory'>;
  readonly #allocate: LibcFunction<'malloc'>;

  constructor(libc: Libc) {
    this.#copyOut = libc.bind('copyToMemory');
    this.#copyIn = libc.bind('copyFromMemory');
    this.#allocate = libc.bind('malloc');
  }

  read(address: number, bytes: number): Uint8Array {
    const content = new Uint8Array(bytes);
    this.#copyOut(content, address, bytes);
    return content;
  }

  pointerAt(address: number): bigint {
    const pointer = new BigUint64Array(1);
    this.#copyOut(pointer, address, pointerBytes);
    return pointer[0] as bigint;
  }

  write(address: number, content: NodeJS.TypedArray): void {
    this.#copyIn(address, content, content.byteLength);
  }

  /** Puts content into memory that lives as long as the process, and tells where. */
  keep(content: NodeJS.TypedArray): number {
    const address = this.#allocate(content.byteLength);
    this.write(address, content);
    return address;
  }
}
