import { PinnedMemory } from '../../ffi/pinned-memory.ts';
import { ObjectMemory } from '../api/object-memory.ts';
import type { Owned, Ptr } from '../api/pointers.ts';
import type { Interpreter } from '../interpreter.ts';
import { type ContextState, EnteredContext, nowhere, type Place } from './entered-context.ts';

/** In a `contextvars.Context` the variables come after the context that was current before it. */
const variablesSlot = 3;

/**
 * Tells whether a variable of a `contextvars.Context` was set: they are in a tree that is replaced with each change.
 *
 * The place of the tree is not part of CPython's API, so it is tried out first. Where it is another one, or cannot be read
 * in place, {@link watch} gives nothing.
 */
export class ContextVariables {
  readonly #view: ObjectMemory;
  readonly #known: boolean;

  /** Under the lock. */
  constructor(interpreter: Interpreter) {
    this.#view = new ObjectMemory(interpreter.memory);
    this.#known = this.#probe(interpreter);
  }

  /** The place in a context that tells. Under the lock. */
  watch(context: Ptr): Place | undefined {
    return this.#known ? this.#view.locate(context, variablesSlot) : undefined;
  }

  #probe(interpreter: Interpreter): boolean {
    const { api } = interpreter;
    const overflow = new PinnedMemory(4);
    const samples = interpreter.owned(api.PyObject_VectorcallDict(interpreter.helper('context_samples'), 0, 0, 0));
    try {
      const count = api.PyList_Size(samples);
      for (let index = 0; index < count; index += 2) {
        this.#view.moveTo(api.PyList_GetItem(samples, index) as Ptr);
        const address = api.PyList_GetItem(samples, index + 1) as Ptr;
        const expected = api.PyLong_AsLongLongAndOverflow(address, overflow.address);
        // At the end of a page nothing can be read. This is not an error.
        if (this.#view.complete && this.#view.pointer(variablesSlot) !== expected) return false;
      }
      return count > 0;
    } finally {
      api.Py_DecRef(samples);
    }
  }
}

/**
 * The contexts of the calls that one JavaScript thread makes to a plugin: what the plugin's module set while it was imported
 * holds in each call, and what a call sets ends with it.
 *
 * Making a context, entering and leaving it takes about as long as a short call. So the context of the last call stays
 * entered, until a call of another plugin needs its own, or a call has changed a variable. A call inside a call has its own.
 */
export class CallContext {
  readonly #interpreter: Interpreter;
  readonly #state: ContextState;
  readonly #variables: ContextVariables;
  /** Makes a context. */
  readonly #create: Owned;
  /** Holds the variables that a context begins with, so that nothing else comes to lie at their address; or 0. */
  readonly #unchangedContext: Owned | 0;
  #open = true;

  /**
   * @param number under which `loading.py` keeps the plugin.
   * @throws InternalPythonError when the plugin is not loaded. Under the lock.
   */
  constructor(interpreter: Interpreter, variables: ContextVariables, number: number) {
    const { api } = interpreter;
    const parts = interpreter.callHelper('contexts', number);
    const part = (index: number) => {
      const item = api.PyList_GetItem(parts, index) as Owned;
      api.Py_IncRef(item);
      return item;
    };
    this.#interpreter = interpreter;
    this.#state = interpreter.contexts;
    this.#variables = variables;
    this.#create = part(0);
    this.#unchangedContext = api.PyList_Size(parts) > 1 ? part(1) : 0;
    api.Py_DecRef(parts);
  }

  /** Enters a context for a call; to be given to {@link end}, also when the call throws. Under the lock. */
  begin(): EnteredContext {
    const state = this.#state;
    const { idle } = state;
    if (idle === undefined) return this.#enter();
    state.idle = undefined;
    // What runs between calls, such as a destructor, may have set a variable.
    if (idle.owner !== this || !idle.unchanged) {
      this.#leave(idle);
      return this.#enter();
    }
    state.depth += 1;
    return idle;
  }

  /** Leaves a context, unless the next call can go on with it. Under the lock. */
  end(entered: EnteredContext): void {
    const state = this.#state;
    state.depth -= 1;
    if (state.depth === 0 && entered.unchanged && this.#open) state.idle = entered;
    else this.#leave(entered);
  }

  /** Releases all references as soon as the GIL is held. May be called inside a call, and more than once. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { gil } = this.#interpreter;
    gil.later(() => {
      const { idle } = this.#state;
      if (idle?.owner !== this) return;
      this.#state.idle = undefined;
      this.#leave(idle);
    });
    gil.release(this.#create);
    if (this.#unchangedContext !== 0) gil.release(this.#unchangedContext);
  }

  #enter(): EnteredContext {
    const interpreter = this.#interpreter;
    const { api } = interpreter;
    const context = interpreter.owned(api.PyObject_VectorcallDict(this.#create, 0, 0, 0));
    if (api.PyContext_Enter(context) !== 0) {
      api.Py_DecRef(context);
      interpreter.owned(0);
    }
    this.#state.depth += 1;
    const place = this.#unchangedContext === 0 ? undefined : this.#variables.watch(context);
    return new EnteredContext(this, context, place ?? nowhere);
  }

  /** Exits a context and releases it, with the variables that were set in it. */
  #leave({ context }: EnteredContext): void {
    const { api } = this.#interpreter;
    if (api.PyContext_Exit(context) !== 0) api.PyErr_Clear();
    api.Py_DecRef(context);
  }
}
