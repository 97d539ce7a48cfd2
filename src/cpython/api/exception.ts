import { isError } from '../../errors/is-error.ts';
import type { PluginErrorData } from '../../errors/plugin-error.ts';
import { loadPointer, type Null, type Owned } from './pointers.ts';
import type { PythonApi } from './symbols.ts';

/** An exception taken out of the interpreter: ours to release. */
export function takeException(api: PythonApi): Owned | Null {
  if (api.PyErr_GetRaisedException !== undefined) return api.PyErr_GetRaisedException();
  return fetchException(api);
}

/** The way of CPython before 3.12: three loose references, which only together make an exception. */
function fetchException(api: PythonApi): Owned | Null {
  const [type, value, traceback] = [new Int32Array(2), new Int32Array(2), new Int32Array(2)];
  api.PyErr_Fetch(type, value, traceback);
  api.PyErr_NormalizeException(type, value, traceback);
  const exception = loadPointer(value, 0) as Owned | Null;
  const frames = loadPointer(traceback, 0) as Owned | Null;
  if (exception !== 0 && frames !== 0) api.PyException_SetTraceback(exception, frames);
  for (const pointer of [loadPointer(type, 0), frames] as (Owned | Null)[]) if (pointer !== 0) api.Py_DecRef(pointer);
  return exception;
}

const brand = Symbol.for('fidius.runtime-failure');

/**
 * A Python exception that our own helpers raised: a defect of this library or an interpreter at its end (no memory,
 * stack exhausted). What plugins raise is never of this class.
 */
export class InternalPythonError extends Error {
  readonly data: PluginErrorData;

  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  constructor(data: PluginErrorData) {
    super(`${data.pythonType}: ${data.message}`);
    this.data = data;
  }
}

/** True for a {@link InternalPythonError}, also one of the copy of this library that started Python for all of this thread. */
export function isInternalPythonError(value: unknown): value is InternalPythonError {
  return isError(value) && brand in value;
}
