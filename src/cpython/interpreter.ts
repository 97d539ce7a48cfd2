import { decodeValue } from '../codec/pickle/decode-value.ts';
import { encodeValue } from '../codec/pickle/encode-value.ts';
import { PinnedMemory } from '../ffi/pinned-memory.ts';
import type { ErrorDescription } from '../protocol/error-description.ts';
import { InternalPythonError, takeException } from './api/exception.ts';
import type { Memory } from './api/memory.ts';
import { type Null, type Owned, type Ptr, storePointer } from './api/pointers.ts';
import type { PythonApi } from './api/symbols.ts';
import type { ContextState } from './call/entered-context.ts';
import type { Gil } from './gil/gil.ts';
import type { GilTrampoline } from './gil/gil-trampoline.ts';

/** What a started interpreter says about itself. */
interface PythonFacts {
  /** `3.11.7` */
  readonly version: string;
  readonly executable: string | null;
  readonly prefix: string;
  readonly base_prefix: string;
  readonly implementation: string;
  /** `sys.path` right after the start. */
  readonly path: readonly string[];
  /** What it has taken in that an isolated one would not have: see `isolation.py`. */
  readonly unisolated: readonly string[];
}

/** A call server of this JavaScript thread, which may have something to say when the process ends. */
export interface EndingServer {
  /** Its number in Python. */
  readonly number: number;
  /** Takes in what it has sent. */
  drain(): void;
  /** Takes lines that it could not send any more. */
  takeLines(lines: unknown): void;
}

/**
 * CPython, started, as one JavaScript thread sees it: its functions, its lock, and the helpers of `runtime/`.
 *
 * There is one per JavaScript thread; all of a process share the one CPython behind them.
 */
export class Interpreter {
  readonly api: PythonApi;
  readonly gil: Gil;
  readonly memory: Memory;
  /** Path of the libpython in use. */
  readonly libpython: string;
  readonly servers = new Set<EndingServer>();
  /** The contexts that calls of this thread have entered. */
  readonly contexts: ContextState = { depth: 0, idle: undefined };
  /** On a worker thread, the function that must be used instead of the GIL. */
  trampoline: GilTrampoline | undefined;
  readonly #arguments = new PinnedMemory(16);
  readonly #helpers = new Map<string, Owned>();
  #hostApi: Owned | undefined;
  #facts: PythonFacts | undefined;

  constructor(api: PythonApi, gil: Gil, memory: Memory, libpython: string) {
    this.api = api;
    this.gil = gil;
    this.memory = memory;
    this.libpython = libpython;
  }

  /** Imports the helpers; `fidius_host` must be importable. Under the lock, once. */
  importHostApi(): void {
    this.#hostApi = this.owned(this.api.PyImport_ImportModule('fidius_host.host_api'));
  }

  get facts(): PythonFacts {
    this.#facts ??= this.invoke('interpreter.facts') as PythonFacts;
    return this.#facts;
  }

  /**
   * Calls a function of `runtime/fidius_host` by its name in `host_api.py`; takes the lock itself.
   *
   * @throws {@link InternalPythonError} when it raises: these functions report what can go wrong as data.
   */
  invoke(name: string, ...args: readonly unknown[]): unknown {
    if (this.trampoline !== undefined) return this.trampoline.invoke(name, args);
    const message = encodeValue([name, ...args]);
    return this.gil.hold(() => {
      const data = this.owned(this.api.PyBytes_FromStringAndSize(message, message.length));
      try {
        return decodeValue(this.#takeBytes(this.owned(this.call(this.helper('invoke'), data))));
      } finally {
        this.api.Py_DecRef(data);
      }
    });
  }

  /** A function of `host_api.py`. Kept for the life of the interpreter: the caller borrows it. Under the lock. */
  helper(name: string): Owned {
    let helper = this.#helpers.get(name);
    if (helper === undefined) {
      if (this.#hostApi === undefined)
        throw new InternalPythonError(undescribed(`${name} was asked for before the start`));
      helper = this.owned(this.api.PyObject_GetAttrString(this.#hostApi, name));
      this.#helpers.set(name, helper);
    }
    return helper;
  }

  /** Calls a function of `host_api.py` with one integer, for an object. Under the lock. */
  callHelper(name: string, argument: number): Owned {
    const number = this.owned(this.api.PyLong_FromLongLong(argument));
    try {
      return this.owned(this.call(this.helper(name), number));
    } finally {
      this.api.Py_DecRef(number);
    }
  }

  /**
   * Calls one of our own helpers with one or two arguments; 0 when it raised. Under the lock.
   *
   * They take their arguments before they run anything that could come back here, hence one place for all calls.
   */
  call(callable: Ptr, first: Ptr, second?: Ptr): Owned | Null {
    storePointer(this.#arguments.words, 0, first);
    if (second !== undefined) storePointer(this.#arguments.words, 1, second);
    return this.api.PyObject_VectorcallDict(callable, this.#arguments.address, second === undefined ? 1 : 2, 0);
  }

  /** A new `str`. Under the lock. */
  text(value: string): Owned {
    const bytes = Buffer.from(value);
    return this.owned(this.api.PyUnicode_FromStringAndSize(bytes, bytes.length));
  }

  /** The reference that a C call handed over, or the exception that says why there is none. Under the lock. */
  owned(result: Owned | Null): Owned {
    if (result === 0) throw new InternalPythonError(this.takeError());
    return result;
  }

  /** Takes the pending exception and describes it as plain data. Under the lock, after a call that failed. */
  takeError(): ErrorDescription {
    const exception = takeException(this.api);
    if (exception === 0) return undescribed('a call failed without an exception');
    try {
      if (this.#hostApi === undefined) return undescribed(this.#plainText(exception));
      const description = this.call(this.helper('describe'), exception);
      if (description === 0) {
        this.api.PyErr_Clear();
        return undescribed('an exception that could not be described');
      }
      return decodeValue(this.#takeBytes(description)) as ErrorDescription;
    } finally {
      this.api.Py_DecRef(exception);
    }
  }

  /** What an exception says of itself, before there are helpers to ask. */
  #plainText(exception: Owned): string {
    const text = this.api.PyObject_Repr(exception);
    if (text === 0) {
      this.api.PyErr_Clear();
      return 'an exception without text';
    }
    const copy = this.memory.copyText(text) ?? 'an exception whose text is not Unicode';
    this.api.PyErr_Clear();
    this.api.Py_DecRef(text);
    return copy;
  }

  /** The content of a `bytes` object, for a reader that finishes before the next copy; releases the reference. */
  #takeBytes(bytes: Owned): Uint8Array {
    try {
      return this.memory.peekBytes(bytes);
    } finally {
      this.api.Py_DecRef(bytes);
    }
  }
}

function undescribed(message: string): ErrorDescription {
  return { code: 'UNKNOWN_PYTHON_ERROR', message, pythonType: 'BaseException', traceback: '' };
}
