import { PinnedMemory } from './ffi.ts';
import type { Interpreter } from './interpreter.ts';
import { ObjectView } from './object-view.ts';
import type { Owned, Ptr } from './pointers.ts';

/** In a `contextvars.Context` the variables come after the context that was current before it. */
const variablesSlot = 3;

/**
 * Reads where the variables of a `contextvars.Context` lie: in a tree that is replaced whenever a variable changes.
 *
 * The place is not part of CPython's API, so it is tried out first. Where it is another one, {@link read} tells nothing.
 */
export class ContextVariables {
  readonly #view: ObjectView;
  readonly #known: boolean;

  /** Under the lock. */
  constructor(interpreter: Interpreter) {
    this.#view = new ObjectView(interpreter.memory);
    this.#known = this.#tryOut(interpreter);
  }

  /** Address of the variables of a context; nothing where it cannot be told. Under the lock. */
  read(context: Ptr): number | undefined {
    return this.#known ? this.#look(context) : undefined;
  }

  #look(context: Ptr): number | undefined {
    this.#view.look(context);
    // At the end of a page nothing can be told.
    return this.#view.complete ? this.#view.pointer(variablesSlot) : undefined;
  }

  #tryOut(interpreter: Interpreter): boolean {
    const { api } = interpreter;
    const overflow = new PinnedMemory(4);
    const samples = interpreter.owned(
      api.PyObject_VectorcallDict(interpreter.helper('context_samples'), overflow.address, 0, 0),
    );
    try {
      const count = api.PyList_Size(samples);
      for (let index = 0; index < count; index += 2) {
        const found = this.#look(api.PyList_GetItem(samples, index) as Ptr);
        const address = api.PyList_GetItem(samples, index + 1) as Ptr;
        const expected = api.PyLong_AsLongLongAndOverflow(address, overflow.address);
        if (found !== undefined && found !== expected) return false;
      }
      return count > 0;
    } finally {
      api.Py_DecRef(samples);
    }
  }
}

/** A context in which one call runs. */
export interface EnteredContext {
  /** Its bound method `run`, which enters it, calls its first argument with the others, and leaves it. */
  readonly run: Owned;
  /** The context itself; 0 where it serves one call only. */
  readonly context: Owned | 0;
}

/**
 * The contexts of the calls that one JavaScript thread makes to a plugin: what the plugin's module set while it was imported
 * holds in each call, and what a call sets ends with it.
 *
 * A context is used again as long as calls change no variable, because making one takes longer than a short call. Calls
 * inside calls have their own: a context can only be entered once at a time.
 */
export class CallContext {
  readonly #interpreter: Interpreter;
  readonly #variables: ContextVariables;
  readonly #newRun: Owned;
  /** Holds the variables that a context begins with, so that nothing else comes to lie at their address; or 0. */
  readonly #pristine: Owned | 0;
  #idle: EnteredContext | undefined;
  #open = true;

  /**
   * @param number under which `loading.py` keeps the plugin.
   * @throws RuntimeFailure when the plugin is not loaded. Under the lock.
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
    this.#variables = variables;
    this.#newRun = part(0);
    this.#pristine = api.PyList_Size(parts) > 1 ? part(1) : 0;
    api.Py_DecRef(parts);
  }

  /** A context for a call; to be given to {@link end}, also when the call throws. Under the lock. */
  begin(): EnteredContext {
    const idle = this.#idle;
    if (idle === undefined) return this.#create();
    this.#idle = undefined;
    return idle;
  }

  /** Keeps a context whose variables are as they were, and gives up any other. Under the lock. */
  end(entered: EnteredContext): void {
    if (entered.context !== 0 && this.#idle === undefined && this.#open && this.#isPristine(entered.context)) {
      this.#idle = entered;
    } else {
      this.#release(entered);
    }
  }

  /** Gives up all references. Needs no lock; may be called inside a call. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { gil } = this.#interpreter;
    gil.release(this.#newRun);
    if (this.#pristine !== 0) gil.release(this.#pristine);
    if (this.#idle !== undefined) this.#release(this.#idle);
    this.#idle = undefined;
  }

  #create(): EnteredContext {
    const { api } = this.#interpreter;
    const run = this.#interpreter.owned(api.PyObject_VectorcallDict(this.#newRun, 0, 0, 0));
    if (this.#pristine === 0) return { run, context: 0 };
    return { run, context: this.#interpreter.owned(api.PyObject_GetAttrString(run, '__self__')) };
  }

  #isPristine(context: Ptr): boolean {
    const variables = this.#variables.read(context);
    return variables !== undefined && variables === this.#variables.read(this.#pristine as Ptr);
  }

  #release({ run, context }: EnteredContext): void {
    const { gil } = this.#interpreter;
    gil.release(run);
    if (context !== 0) gil.release(context);
  }
}
