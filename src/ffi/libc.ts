import { type Bound, bindSymbol, type CType, type SharedLibrary, type SymbolSpec } from './ffi.ts';
import { ffi } from './native.ts';

/**
 * The functions of the C library and the operating system that this library calls, with the ownership of memory.
 *
 * Results: `allocated` memory belongs to the caller until it is passed to `free`; it is 0 if there is none. `status` is 0 on
 * success. Parameters: `memory` is read or written during the call only, `kept` is an address that C keeps after the call,
 * `address` is used during the call only. Functions that a platform does not have are looked for with {@link Libc.has}.
 */
export const libcSymbols = {
  // memory; one function with three signatures, because an address is cheaper to pass than a typed array
  copyToMemory: { symbol: 'memcpy', result: 'void', params: ['memory', 'address', 'size'] },
  copyToAddress: { symbol: 'memcpy', result: 'void', params: ['address', 'address', 'size'] },
  copyFromMemory: { symbol: 'memcpy', result: 'void', params: ['address', 'memory', 'size'] },
  malloc: { result: 'allocated', params: ['size'] },

  // process and threads
  _exit: { result: 'void', params: ['int'] },
  flock: { result: 'status', params: ['int', 'int'] },
  getcontext: { result: 'status', params: ['memory'] },

  // POSIX timers. glibc's `timer_t` is a tagged pointer of 64 bits, so it may be a bigint; its owner passes it to timer_delete.
  timer_create: { result: 'status', params: ['int', 'memory', 'memory'] },
  timer_settime: { result: 'status', params: ['timer', 'int', 'address', 'address'] },
  timer_delete: { result: 'status', params: ['timer'] },

  // Grand Central Dispatch of macOS. The queue is global and is not released. The context is passed to the function.
  dispatch_time: { result: 'int64', params: ['int64', 'int64'] },
  dispatch_get_global_queue: { result: 'address', params: ['int64', 'int64'] },
  dispatch_after_f: { result: 'void', params: ['int64', 'address', 'int', 'kept'] },
} as const satisfies Record<string, SymbolSpec<keyof Results, keyof Params>>;

interface Results {
  void: undefined;
  allocated: number;
  status: number;
  int64: number | bigint;
  address: number;
}

interface Params {
  memory: NodeJS.TypedArray;
  address: number;
  kept: number;
  size: number;
  int: number;
  int64: number | bigint;
  timer: number | bigint;
}

const types: Readonly<Record<keyof Results | keyof Params, CType>> = {
  void: 'void',
  allocated: 'address',
  status: 'int',
  memory: 'memory',
  address: 'address',
  kept: 'address',
  size: 'size',
  int: 'int',
  int64: 'int64',
  timer: 'int64',
};

type Name = keyof typeof libcSymbols;

/** The function of an entry of {@link libcSymbols}. */
export type LibcFunction<N extends Name> = Bound<(typeof libcSymbols)[N], Results, Params>;

/** The C library of this process. Each function is bound when it is first asked for. */
export class Libc {
  /** The process with all libraries that are loaded. */
  readonly library: SharedLibrary;
  readonly #bound = new Map<Name, unknown>();

  constructor(library = ffi.openProcess()) {
    this.library = library;
  }

  has(name: Name): boolean {
    return this.library.has(name);
  }

  address(name: Name): number {
    return this.library.address(name);
  }

  /** @throws Error if this platform does not have the function. */
  bind<N extends Name>(name: N): LibcFunction<N> {
    let bound = this.#bound.get(name);
    if (bound === undefined) {
      const spec: SymbolSpec<keyof Results, keyof Params> = libcSymbols[name];
      bound = bindSymbol(this.library, name, spec, types);
      this.#bound.set(name, bound);
    }
    return bound as LibcFunction<N>;
  }
}
