import { FidiusError } from '../../errors/fidius-error.ts';
import type { Library, PyStatus } from '../../ffi/koffi.ts';
import type { Borrowed, Null, Owned, Ptr } from './pointers.ts';
import { kindTypes, type ParamKind, type ResultKind, type SymbolSpec, symbols } from './symbols.ts';

/** A `PyThreadState *` or `PyInterpreterState *`. */
export type State = number & { readonly state: unique symbol };

interface Results {
  new: Owned | Null;
  borrowed: Borrowed | Null;
  state: State;
  address: number;
  int: number;
  int64: number | bigint;
  size: number;
  double: number;
  text: string;
  status: PyStatus;
  void: void;
}

interface Params {
  obj: Ptr;
  steals: Owned;
  state: State;
  memory: NodeJS.ArrayBufferView | null;
  address: number;
  int: number;
  int64: number | bigint;
  size: number;
  double: number;
  text: string;
  texts: readonly string[];
}

type Args<P extends readonly ParamKind[]> = { -readonly [K in keyof P]: Params[P[K]] };

type Bound<S extends SymbolSpec> = (...args: Args<S['params']>) => Results[S['result']];

/** libpython, one function per entry of the {@link symbols} table; those with a `since` may be missing. */
export type PythonApi = {
  readonly [Name in keyof typeof symbols]: Bound<(typeof symbols)[Name]> | Absence<(typeof symbols)[Name]>;
};

type Absence<S extends SymbolSpec> = S extends { since: readonly number[] } ? undefined : never;

/**
 * Binds the whole table.
 *
 * @throws {@link FidiusError} `FIDIUS_LIBPYTHON_INVALID` when a function that every supported CPython has is missing.
 */
export function bindPython(library: Library): PythonApi {
  const api: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries<SymbolSpec>(symbols)) {
    try {
      api[name] = library.function(
        name,
        kindTypes[spec.result satisfies ResultKind],
        spec.params.map((kind) => kindTypes[kind]),
      );
    } catch (cause) {
      if (spec.since !== undefined) continue;
      throw new FidiusError('FIDIUS_LIBPYTHON_INVALID', `${library.path} has no function ${name}: not a CPython 3.9+`, {
        cause,
        hint: 'Name the shared library of a CPython 3.9 or newer.',
      });
    }
  }
  // A copy, because an object that grew key by key is a hash table to V8, and each call would look its function up in it.
  return { ...api } as PythonApi;
}
