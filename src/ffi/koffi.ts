import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { FidiusError } from '../errors/fidius-error.ts';
import { messageOf } from '../errors/is-error.ts';

/**
 * The only file that knows koffi: loading a library, turning C names into functions, and copying memory.
 *
 * Everything above sees plain JavaScript functions on numbers and typed arrays, so that another back end (Node's own
 * FFI) can stand in for koffi by replacing this file.
 */

/** C types as the rest of the room names them. `address` is a pointer as a number, `memory` a typed array passed by address. */
export type CType = 'void' | 'int' | 'int64' | 'double' | 'size' | 'address' | 'memory' | 'text' | 'texts' | 'status';

/** Result of the `PyStatus` functions, a struct of 32 bytes returned by value. */
export interface PyStatus {
  /** 0 ok, 1 error, 2 the program asked to exit. */
  readonly type: number;
  readonly func: string | null;
  readonly err_msg: string | null;
  readonly exitcode: number;
}

/** koffi, and the C types as it names them. */
interface Ffi {
  readonly koffi: typeof Koffi;
  readonly types: Record<CType, Koffi.TypeObject | string>;
}

let loaded: Ffi | undefined;

/**
 * Loads koffi when Python is started, and not before: reading, verifying and packing do without native code, which takes
 * time to load, and which a process may not be permitted to load.
 */
function ffi(): Ffi {
  if (loaded !== undefined) return loaded;
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
  // biome-ignore format: one line per type reads best
  const types = {
    void: 'void', int: 'int', int64: 'int64_t', double: 'double', size: 'size_t', address: 'intptr_t',
    memory: 'void *', text: 'const char *', texts: 'const char **',
    // Named per JavaScript environment; koffi refuses a second definition of one name in the same environment.
    status: koffi.struct({ type: 'int', func: 'const char *', err_msg: 'const char *', exitcode: 'int' }),
  };
  loaded = { koffi, types };
  return loaded;
}

/** Loads what calls C. @throws what Node throws where native code cannot be loaded. */
export function loadForeignFunctions(): void {
  ffi();
}

export type CFunction = (...args: never[]) => unknown;

export class Library {
  readonly path: string;
  readonly #handle: Koffi.LibraryHandle;

  /** @internal */
  constructor(path: string, handle: Koffi.LibraryHandle) {
    this.path = path;
    this.#handle = handle;
  }

  has(name: string): boolean {
    try {
      this.#handle.symbol(name);
      return true;
    } catch {
      return false;
    }
  }

  /** Address of a symbol, a function's or a variable's. */
  address(name: string): number {
    return Number(ffi().koffi.address(this.#handle.symbol(name)));
  }

  function(name: string, result: CType, parameters: readonly CType[]): CFunction {
    const types = parameters.map((parameter) => ffi().types[parameter]);
    return this.#handle.func(name, ffi().types[result], types) as CFunction;
  }
}

/**
 * Bytes of stack for native code. koffi runs it on a stack of its own, 2 MiB unless told otherwise: CPython overflows
 * that in ordinary deep recursion, while 16 MiB is at least as much as the 8 MiB of a native `python`. It is address
 * space, committed only as it is touched.
 */
export const nativeStackBytes = 16 * 1024 * 1024;

let configured = false;

/**
 * Opens a shared library so that its symbols are visible to extension modules, and its own calls prefer its own symbols.
 *
 * Must see the first use of koffi in a JavaScript environment, because the stack can only be sized before it.
 *
 * @throws {@link FidiusError} `FIDIUS_LIBPYTHON_INVALID` when the file cannot be loaded, `FIDIUS_KOFFI_CONFIGURED`.
 */
export function openLibrary(path: string): Library {
  configureStacks();
  try {
    // global: extension modules take CPython's symbols from the process. deep: the node binary exports OpenSSL, zlib
    // and others of its own, which would otherwise win over the libraries that libpython was built with.
    return new Library(path, ffi().koffi.load(path, { global: true, deep: process.platform === 'linux' }));
  } catch (cause) {
    throw new FidiusError('FIDIUS_LIBPYTHON_INVALID', `Cannot load ${path} as a shared library: ${messageOf(cause)}`, {
      cause,
      hint: 'Name a CPython shared library (libpython3.x.so, .dylib or python3x.dll) built for this machine.',
    });
  }
}

/** The C library and whatever else the process has loaded already. */
export function openProcess(): Library {
  configureStacks();
  return new Library('', ffi().koffi.load(null));
}

/** A library by the name that the dynamic linker has for it; nothing where there is none of that name. */
export function openSystemLibrary(name: string): Library | undefined {
  configureStacks();
  try {
    return new Library(name, ffi().koffi.load(name));
  } catch {
    return undefined;
  }
}

function configureStacks(): void {
  if (configured) return;
  const { koffi } = ffi();
  const wanted = { sync_stack_size: nativeStackBytes, async_stack_size: nativeStackBytes };
  try {
    koffi.config({ ...koffi.config(), ...wanted });
  } catch (cause) {
    const found = koffi.config().sync_stack_size ?? 0;
    if (found < nativeStackBytes) {
      throw new FidiusError(
        'FIDIUS_KOFFI_CONFIGURED',
        `koffi was used before fidius and runs native code on ${found} bytes of stack, Python needs ${nativeStackBytes}`,
        {
          cause,
          hint: `Load a plugin before the first koffi.load(), or call koffi.config({ sync_stack_size: ${nativeStackBytes} }) first.`,
        },
      );
    }
  }
  configured = true;
}

/** The C function at an address that C gave us. */
export function functionAt(address: number, result: CType, parameters: readonly CType[]): CFunction {
  const types = parameters.map((parameter) => ffi().types[parameter]);
  const { koffi, types: known } = ffi();
  return koffi.decode(BigInt(address), koffi.proto(known[result], types)) as CFunction;
}

/** Reads NUL-terminated text at an address that C returned. */
export function readText(address: number): string {
  return ffi().koffi.decode.string(BigInt(address));
}

/**
 * Memory that C may keep the address of: it lies outside V8's heap, never moves, and lives as long as this object.
 *
 * A call that gets an address is cheaper than one that gets a typed array, whose address must be asked for each time.
 */
export class PinnedMemory {
  readonly buffer: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly address: number;

  constructor(size: number) {
    this.buffer = new ArrayBuffer(Math.ceil(size / 8) * 8);
    this.bytes = new Uint8Array(this.buffer);
    this.words = new Int32Array(this.buffer);
    this.doubles = new Float64Array(this.buffer);
    this.address = addressOf(this.bytes);
  }
}

/** Where the memory of a typed array lies. It must be larger than what V8 keeps on its own heap, which moves (64 bytes). */
export function addressOf(memory: Uint8Array): number {
  return Number(ffi().koffi.address(memory));
}

/**
 * The memory at an address, for as long as the process lives; it need not be there before it is read.
 *
 * @throws Error where V8 takes no memory but its own.
 */
export function viewOf(address: number, bytes: number): ArrayBuffer {
  return ffi().koffi.view(BigInt(address), bytes);
}
