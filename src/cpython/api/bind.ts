import { FidiusError } from '../../errors/fidius-error.ts';
import type { SharedLibrary } from '../../ffi/ffi.ts';
import { type Bound, bindSymbol } from '../../ffi/symbol-table.ts';
import type { Borrowed, Null, Owned, Ptr } from './pointers.ts';
import { kindTypes, type ParamKind, type PythonSymbol, type ResultKind, symbols } from './symbols.ts';

/** A `PyThreadState *` or `PyInterpreterState *`. */
export type State = number & { readonly state: unique symbol };

/** What the `PyStatus` functions return, see `symbols.ts`. */
export interface PyStatus {
  readonly type: number;
  readonly func: string | null;
  readonly err_msg: string | null;
  readonly exitcode: number;
}

interface Results extends Record<ResultKind, unknown> {
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

interface Params extends Record<ParamKind, unknown> {
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

/** libpython, one function per entry of the {@link symbols} table; those with a `since` may be missing. */
export type PythonApi = {
  readonly [Name in keyof typeof symbols]:
    | Bound<(typeof symbols)[Name], Results, Params>
    | Absence<(typeof symbols)[Name]>;
};

type Absence<S extends PythonSymbol> = S extends { since: readonly number[] } ? undefined : never;

/**
 * Binds the whole table.
 *
 * @throws {@link FidiusError} `FIDIUS_LIBPYTHON_INVALID` when a function that every supported CPython has is missing.
 */
export function bindPython(library: SharedLibrary): PythonApi {
  const api: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries<PythonSymbol>(symbols)) {
    try {
      api[name] = bindSymbol(library, name, spec, kindTypes);
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
