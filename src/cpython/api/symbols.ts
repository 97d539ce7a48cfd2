import { FidiusError } from '../../errors/fidius-error.ts';
import {
  type Bound,
  bindSymbol,
  type CType,
  type SharedLibrary,
  type StructType,
  type SymbolSpec,
} from '../../ffi/ffi.ts';
import type { Borrowed, Null, Owned, Ptr } from './pointers.ts';

/**
 * The C functions this library calls, and for each of them who owns the references it moves.
 *
 * The only place where a C signature is written down: {@link bindPython} makes functions of it, a test checks it
 * against every libpython on the machine. Callers hold the GIL unless a line says otherwise.
 *
 * Results: `new` (ours to release) and `borrowed` (not ours) are 0 when the call failed and left an exception behind.
 * Parameters: `obj` is only read, `steals` takes our reference also when the call fails, `state` is a thread or
 * interpreter state, `memory` is a typed array that C reads or fills, `address` is a pointer C gave us.
 *
 * Names of the stable ABI wherever there is one. `since` marks what older versions lack; such a function is optional.
 */
export const symbols = {
  // start and stop; without the GIL
  Py_GetVersion: { result: 'text', params: [] },
  Py_IsInitialized: { result: 'int', params: [] },
  Py_FinalizeEx: { result: 'int', params: [] },
  PyPreConfig_InitPythonConfig: { result: 'void', params: ['memory'] },
  Py_PreInitialize: { result: 'status', params: ['memory'] },
  PyConfig_InitPythonConfig: { result: 'void', params: ['memory'] },
  PyConfig_InitIsolatedConfig: { result: 'void', params: ['memory'] },
  PyConfig_SetBytesArgv: { result: 'status', params: ['memory', 'size', 'texts'] },
  PyConfig_Clear: { result: 'void', params: ['memory'] },
  Py_InitializeFromConfig: { result: 'status', params: ['memory'] },

  // the lock and thread states
  // It returns the thread state, which is not used: without it a call costs half as much.
  PyEval_SaveThread: { result: 'void', params: [] },
  PyEval_RestoreThread: { result: 'void', params: ['state'] },
  PyThreadState_Get: { result: 'state', params: [] },
  PyInterpreterState_Main: { result: 'state', params: [] },
  PyThreadState_New: { result: 'state', params: ['state'] },
  PyThreadState_Clear: { result: 'void', params: ['state'] },
  PyThreadState_DeleteCurrent: { result: 'void', params: [] },
  PyUnstable_ThreadState_SetStackProtection: { result: 'int', params: ['state', 'address', 'size'], since: [3, 14] },

  // references
  Py_IncRef: { result: 'void', params: ['obj'] },
  Py_DecRef: { result: 'void', params: ['obj'] },

  // numbers
  PyLong_FromLongLong: { result: 'new', params: ['int64'] },
  PyLong_FromUnsignedLongLong: { result: 'new', params: ['int64'] },
  PyLong_AsLongLongAndOverflow: { result: 'int64', params: ['obj', 'address'] },
  PyFloat_FromDouble: { result: 'new', params: ['double'] },
  PyFloat_AsDouble: { result: 'double', params: ['obj'] },
  PyBool_FromLong: { result: 'new', params: ['int64'] },

  // text and bytes
  PyUnicode_FromStringAndSize: { result: 'new', params: ['memory', 'size'] },
  PyUnicode_AsUTF8AndSize: { result: 'address', params: ['obj', 'address'] },
  PyBytes_FromStringAndSize: { result: 'new', params: ['memory', 'size'] },
  PyBytes_AsString: { result: 'address', params: ['obj'] },
  PyBytes_Size: { result: 'size', params: ['obj'] },
  // Fills a struct of 80 bytes, which the other one empties. Stable ABI since 3.11, exported long before.
  PyObject_GetBuffer: { result: 'int', params: ['obj', 'address', 'int'] },
  PyBuffer_Release: { result: 'void', params: ['address'] },
  PyMemoryView_FromMemory: { result: 'new', params: ['address', 'size', 'int'] },

  // memory of C; without the GIL
  PyMem_RawMalloc: { result: 'address', params: ['size'] },
  PyMem_RawFree: { result: 'void', params: ['address'] },

  // containers
  PySys_GetObject: { result: 'borrowed', params: ['text'] },
  PySys_SetObject: { result: 'int', params: ['text', 'obj'] },
  PyList_Insert: { result: 'int', params: ['obj', 'size', 'obj'] },
  PyList_Size: { result: 'size', params: ['obj'] },
  PyList_GetItem: { result: 'borrowed', params: ['obj', 'size'] },
  PySequence_DelItem: { result: 'int', params: ['obj', 'size'] },

  // The only way to change a struct sequence (`sys.flags`); steals the item.
  PyStructSequence_SetItem: { result: 'void', params: ['obj', 'size', 'steals'] },

  // objects and calls
  PyImport_ImportModule: { result: 'new', params: ['text'] },
  PyObject_GetAttrString: { result: 'new', params: ['obj', 'text'] },
  PyObject_Repr: { result: 'new', params: ['obj'] },
  // The callee borrows the arguments; the last parameter, a dict of keywords, is always null. Its younger sister without
  // that parameter is stable ABI since 3.12, but exported only since 3.11.
  PyObject_VectorcallDict: { result: 'new', params: ['obj', 'address', 'size', 'address'] },

  // contexts; entering one takes another reference, which leaving releases
  PyContext_Enter: { result: 'int', params: ['obj'] },
  PyContext_Exit: { result: 'int', params: ['obj'] },

  // exceptions
  PyErr_Occurred: { result: 'borrowed', params: [] },
  PyErr_Clear: { result: 'void', params: [] },
  // Hands over three references, each of which may be 0. Deprecated since 3.12, where the next one takes its place.
  PyErr_Fetch: { result: 'void', params: ['memory', 'memory', 'memory'] },
  PyErr_NormalizeException: { result: 'void', params: ['memory', 'memory', 'memory'] },
  PyException_SetTraceback: { result: 'int', params: ['obj', 'obj'] },
  PyErr_GetRaisedException: { result: 'new', params: [], since: [3, 12] },
} as const satisfies Record<string, PythonSymbol>;

type ResultKind =
  | 'new'
  | 'borrowed'
  | 'state'
  | 'address'
  | 'int'
  | 'int64'
  | 'size'
  | 'double'
  | 'text'
  | 'status'
  | 'void';
type ParamKind =
  | 'obj'
  | 'steals'
  | 'state'
  | 'memory'
  | 'address'
  | 'int'
  | 'int64'
  | 'size'
  | 'double'
  | 'text'
  | 'texts';

export interface PythonSymbol extends SymbolSpec<ResultKind, ParamKind> {
  /** First CPython that has it, if that is later than 3.9. */
  readonly since?: readonly [number, number];
}

/** `PyStatus`: 0 for success, 1 for an error, 2 for a request to exit; a struct of 32 bytes, returned by value. */
const status: StructType = { struct: { type: 'int', func: 'text', err_msg: 'text', exitcode: 'int' } };

/** How each kind is passed to C. */
const kindTypes: Record<ResultKind | ParamKind, CType> = {
  new: 'address',
  borrowed: 'address',
  obj: 'address',
  steals: 'address',
  state: 'address',
  address: 'address',
  memory: 'memory',
  int: 'int',
  int64: 'int64',
  size: 'size',
  double: 'double',
  text: 'text',
  texts: 'texts',
  status,
  void: 'void',
};

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
  memory: NodeJS.TypedArray | null;
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
