/**
 * Calling C functions of shared libraries, as the rooms above see it: plain JavaScript functions on numbers and typed
 * arrays. `koffi.ts` is the implementation; another one (Node's own FFI) replaces that file and `native.ts`.
 */

/** Types of a C function. `address` is a pointer as a number, `memory` a typed array that is passed by its address;
 * not a `DataView`, which koffi does not accept in Deno. */
export type ScalarType = 'void' | 'int' | 'int64' | 'double' | 'size' | 'address' | 'memory' | 'text' | 'texts';

/** A struct that is passed or returned by value: its fields in order. Structs are compared by identity. */
export interface StructType {
  readonly struct: Readonly<Record<string, ScalarType>>;
}

export type CType = ScalarType | StructType;

export type CFunction = (...args: never[]) => unknown;

export interface SharedLibrary {
  /** Path or name; empty for the process itself. */
  readonly path: string;
  has(symbol: string): boolean;
  /** Address of a function or a variable. @throws Error if there is no such symbol. */
  address(symbol: string): number;
  /** @throws Error if there is no such symbol. */
  function(symbol: string, result: CType, parameters: readonly CType[]): CFunction;
}

export interface Ffi {
  /**
   * Bytes of stack for native code. CPython overflows the usual 2 MiB of a foreign stack in ordinary deep recursion. 16 MiB
   * is at least as much as the 8 MiB of a native `python`. It is address space, committed when it is touched.
   */
  readonly stackBytes: number;
  /** Loads the native code of the implementation, if it is not loaded. @throws what Node throws if it cannot be loaded. */
  load(): void;
  /**
   * Opens a shared library so that extension modules find its symbols, and its own calls prefer its own symbols.
   *
   * @throws FidiusError `FIDIUS_LIBPYTHON_INVALID` when the file cannot be loaded, `FIDIUS_KOFFI_CONFIGURED`.
   */
  openLibrary(path: string): SharedLibrary;
  /** The C library and all other libraries that are loaded. */
  openProcess(): SharedLibrary;
  /** A library by the name that the dynamic linker has for it, or `undefined`. */
  openSystemLibrary(name: string): SharedLibrary | undefined;
  /** The C function at an address that C returned. */
  functionAt(address: number, result: CType, parameters: readonly CType[]): CFunction;
  /**
   * The address of a C function that calls a JavaScript function. For the life of the process; to be called on this thread.
   * The JavaScript function must not throw.
   */
  callback(result: CType, parameters: readonly CType[], body: (...args: unknown[]) => unknown): number;
  /** Address of the memory of a typed array. It must be larger than 64 bytes: V8 moves smaller ones. */
  addressOf(memory: Uint8Array): number;
  /**
   * The memory at an address, for the life of the process. It is first accessed when it is read.
   *
   * @throws Error if V8 accepts no memory but its own (Electron).
   */
  viewOf(address: number, bytes: number): ArrayBuffer;
}

/** A C function: the kinds of its result and its parameters. A kind is a C type together with its ownership. */
export interface SymbolSpec<Result extends string = string, Param extends string = string> {
  readonly result: Result;
  readonly params: readonly Param[];
  /** Name of the C function, if the entry of the table has another name: one function can have several signatures. */
  readonly symbol?: string;
}

type Arguments<Params extends readonly string[], Types> = {
  -readonly [Index in keyof Params]: Params[Index] extends keyof Types ? Types[Params[Index]] : never;
};

/** The JavaScript function of an entry; `Results` and `Params` are the JavaScript types of the kinds. */
export type Bound<Spec extends SymbolSpec, Results, Params> = (
  ...args: Arguments<Spec['params'], Params>
) => Spec['result'] extends keyof Results ? Results[Spec['result']] : never;

/** Binds an entry of a table. @throws Error if the library has no such function. */
export function bindSymbol<Result extends string, Param extends string>(
  library: SharedLibrary,
  name: string,
  { symbol = name, result, params }: SymbolSpec<Result, Param>,
  types: Readonly<Record<Result | Param, CType>>,
): unknown {
  return library.function(
    symbol,
    types[result],
    params.map((kind) => types[kind]),
  );
}
