import { FidiusError } from '../../errors/fidius-error.ts';
import type { Owned } from '../api/pointers.ts';
import type { PythonApi, State } from '../api/symbols.ts';

/** `T`, unless it is a promise: then nothing, so that an async body does not compile. */
type Settled<T> = T extends PromiseLike<unknown> ? never : T;

/**
 * Taking and giving back the global interpreter lock on one JavaScript thread.
 *
 * Three rules of CPython shape this file:
 *
 * - The lock belongs to an OS thread. A scope that awaited would come back to other JavaScript while it still held the
 *   lock, and Python's threads would stand still until it settled. So a body that returns a promise is refused.
 * - A thread state is made once per JavaScript thread and kept: making one per call costs 50 µs under contention.
 * - A reference may only be released under the lock, but the garbage collector tells us about a dead object whenever it
 *   likes. Such references are queued and released by the next holder of the GIL.
 */
export class Gil {
  readonly #api: PythonApi;
  readonly #released: Owned[] = [];
  readonly #later: (() => void)[] = [];
  #state: State | undefined;
  #depth: number;

  /**
   * Without `state` the calling thread holds the lock, from the start of the interpreter or of its thread state, and one
   * {@link leave} is due. With it, it does not.
   */
  constructor(api: PythonApi, state?: State) {
    this.#api = api;
    this.#state = state ?? api.PyThreadState_Get();
    this.#depth = state === undefined ? 1 : 0;
  }

  /** True while this thread is between {@link enter} and {@link leave}. */
  get held(): boolean {
    return this.#depth > 0;
  }

  /** Takes the lock; nestable. For hot paths: each `enter` is followed by `try { … } finally { leave() }`. */
  enter(): void {
    if (this.#depth === 0) {
      if (this.#state === undefined) throw stopped();
      this.#api.PyEval_RestoreThread(this.#state);
    }
    this.#depth += 1;
  }

  /** The interpreter or the state of this thread no longer exists: later attempts to take the GIL throw an error. */
  abandon(): void {
    this.#state = undefined;
    this.#depth = 0;
    this.#released.length = 0;
    this.#later.length = 0;
  }

  /** Gives the lock back if this thread holds it, and uses the thread state no more, which stays as it is. */
  retire(): void {
    if (this.#depth === 0 && this.#released.length > 0) this.enter();
    if (this.#depth > 0) {
      this.#depth = 1;
      this.leave();
    }
    this.abandon();
  }

  leave(): void {
    if (this.#depth === 1) {
      if (this.#released.length > 0 || this.#later.length > 0) this.#drain();
      this.#depth = 0;
      // It returns the state, which is always this one.
      this.#api.PyEval_SaveThread();
    } else {
      this.#depth -= 1;
    }
  }

  /** Runs `body` under the lock. May be nested; the lock is given back when the outermost scope ends. */
  hold<T>(body: () => Settled<T>): T {
    this.enter();
    try {
      const result = body();
      if (isThenable(result)) {
        throw new FidiusError('FIDIUS_GIL_ASYNC_BODY', 'The body of Gil.hold() returned a promise', {
          hint: 'Read what you need under the lock, return it, and await after hold() has returned.',
        });
      }
      return result;
    } finally {
      this.leave();
    }
  }

  /** Releases a reference: at once under the GIL, otherwise when the GIL is next held. Can be called from a finalizer. */
  release(pointer: Owned): void {
    if (this.held) this.#api.Py_DecRef(pointer);
    else this.#released.push(pointer);
  }

  /** Does something at once under the lock, otherwise when the lock is next held. */
  later(work: () => void): void {
    if (this.held) work();
    else this.#later.push(work);
  }

  /** Takes the queued references out, for a Python thread to release: this thread must not hold the GIL for long. */
  surrender(): readonly Owned[] {
    return this.#released.splice(0);
  }

  #drain(): void {
    for (let work = this.#later.pop(); work !== undefined; work = this.#later.pop()) work();
    // Py_DecRef may run a Python destructor, which may release more: hence no for-of.
    for (let next = this.#released.pop(); next !== undefined; next = this.#released.pop()) this.#api.Py_DecRef(next);
  }
}

function stopped(): FidiusError {
  return new FidiusError('FIDIUS_PYTHON_STOPPED', 'Python has ended with this thread: it cannot be called any more', {
    hint: 'Make the call before the program ends, not in an exit listener.',
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
