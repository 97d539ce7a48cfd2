import type { InterfaceDescriptor } from '../../codec/descriptor.ts';
import { type CallableMethod, type ItemCodec, type MethodCodec, rawCodec } from '../../codec/method-codec.ts';
import { encodeArguments } from '../../codec/pickle/encode-value.ts';
import { untypedCodec } from '../../codec/untyped-codec.ts';
import { atCall } from '../../errors/call-place.ts';
import { type FidiusError, FidiusTypeError } from '../../errors/fidius-error.ts';
import { checkTimeout, describe } from '../../errors/options.ts';
import { now } from '../../node/timers.ts';
import {
  checkStreams,
  isStreaming,
  needsEventLoop,
  noSuchMethod,
  notCallableError,
  pluginClosed,
  streamsDiffer,
} from '../../protocol/call-errors.ts';
import { addHostCause } from '../../protocol/error-description.ts';
import type { ProvidedFunctions } from '../../protocol/host-functions.ts';
import { type LoadedPackage, type MethodKind, readLoadOutcome } from '../../protocol/load-outcome.ts';
import { type PackageSource, toLoadRecord } from '../../protocol/load-request.ts';
import type { Owned, Ptr } from '../api/pointers.ts';
import type { Interpreter } from '../interpreter.ts';
import { CallContext } from './call-context.ts';
import { Caller } from './caller.ts';
import { HostCallback } from './host-callback.ts';
import { type Callee, type MethodCaller, TrampolineCaller } from './method-caller.ts';
import { SyncDeadline } from './sync-deadline.ts';
import { SyncStream } from './sync-stream.ts';

/** What a call on this thread may ask for. */
export interface SyncOptions {
  /**
   * Milliseconds until the call is interrupted. Only on Linux and on the main thread; otherwise
   * `FIDIUS_CALL_SYNC_TIMEOUT`.
   *
   * @default Infinity
   */
  readonly timeoutMs?: number | undefined;
}

/** What a stream on this thread may ask for. */
export interface SyncStreamOptions extends SyncOptions {
  /**
   * Number of items that Python may produce before they are taken.
   *
   * @default adapts to the stream
   */
  readonly window?: number | undefined;
}

/** Is called before the first call of a plugin, and again before the next one after `rest` was called. */
export type BusyListener = (rest: () => void) => void;

/** One caller per interpreter: it holds scratch space and constants. */
const callers = new WeakMap<Interpreter, Caller>();

/**
 * A loaded Python plugin, called by method index on the calling thread.
 *
 * The low-level side of the library: nothing is checked against declared types, and a call blocks until Python is done.
 */
export class PythonPluginHandle implements Disposable {
  /** The descriptor that was passed to `loadPythonPlugin()`. */
  readonly descriptor: InterfaceDescriptor;
  /** Name of the package. */
  readonly name: string;
  readonly #interpreter: Interpreter;
  readonly #loaded: LoadedPackage;
  readonly #caller: MethodCaller;
  #callees: readonly (Callee | undefined)[];
  #context: CallContext | undefined;
  #open = true;
  /** Whether the next call is the first one after a while. */
  #idle: boolean;
  readonly #onBusy: BusyListener | undefined;
  /** Functions of the host that the plugin may call. */
  readonly #functions: ProvidedFunctions | undefined;

  /** @internal Made by `loadPythonPlugin()`. */
  constructor(
    interpreter: Interpreter,
    loaded: LoadedPackage,
    name: string,
    descriptor: InterfaceDescriptor,
    onBusy?: BusyListener,
    hostFunctions?: ProvidedFunctions,
  ) {
    this.#functions = hostFunctions;
    this.#onBusy = onBusy;
    this.#idle = onBusy !== undefined;
    this.#interpreter = interpreter;
    this.#loaded = loaded;
    this.descriptor = descriptor;
    this.name = name;
    const { trampoline, gil } = interpreter;
    if (trampoline === undefined) {
      const caller = gil.hold(() => callerOf(interpreter));
      const context = gil.hold(() => new CallContext(interpreter, caller.contextVariables, loaded.plugin));
      this.#caller = caller;
      this.#context = context;
      this.#callees = gil.hold(() => takeCallables(interpreter, loaded, name, descriptor, context));
    } else {
      this.#caller = new TrampolineCaller(trampoline);
      this.#callees = calleesOf(loaded, name, descriptor, undefined, () => 0);
    }
  }

  /** Number of methods of the interface, optional ones included. */
  get methodCount(): number {
    return this.descriptor.methods.length;
  }

  /** How the method at an index answers: `coroutine` for `async def`, `absent` for an optional one left out, … */
  methodKind(index: number): MethodKind {
    const kind = Number.isInteger(index) ? this.#loaded.methods[index] : undefined;
    if (kind === undefined) throw noSuchMethod(this.descriptor, index);
    return kind;
  }

  /**
   * Calls a typed method: an array holds its positional arguments, `null` or `undefined` means none, anything else is
   * the only argument. Values cross as docs/reference/values.md says.
   *
   * @throws {@link PluginError} what the method raised; FidiusError `FIDIUS_CALL_INDEX`, `FIDIUS_CALL_WIRE_MODE`,
   *   `FIDIUS_CALL_NOT_SUPPORTED`, `FIDIUS_CALL_SYNC`, `FIDIUS_PLUGIN_CLOSED`, `FIDIUS_VALUE_ARGUMENT`, `FIDIUS_VALUE_CYCLE`,
   *   `FIDIUS_VALUE_RESULT`; with a deadline `FIDIUS_CALL_TIMEOUT`, `FIDIUS_CALL_SYNC_TIMEOUT`, `FIDIUS_OPTION_INVALID`.
   */
  callTyped(index: number, args?: unknown, options?: SyncOptions): unknown {
    const list = Array.isArray(args) ? args : args === undefined || args === null ? [] : [args];
    return this.callSync({ index, codec: untypedCodec }, list, options);
  }

  /**
   * Calls a raw method: bytes in, bytes out.
   *
   * @throws as {@link callTyped}, and `FIDIUS_ARGUMENT_INVALID` when `input` holds no bytes.
   */
  callRaw(index: number, input: Uint8Array | ArrayBuffer, options?: SyncOptions): Uint8Array {
    const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input;
    if (bytes instanceof Uint8Array) {
      return this.callSync({ index, codec: rawCodec }, [bytes], options) as Uint8Array;
    }
    const { method } = this.#callee(index, true);
    throw new FidiusTypeError(
      'FIDIUS_ARGUMENT_INVALID',
      `Raw method ${method}() takes a Uint8Array or an ArrayBuffer, got ${describe(input)}`,
    );
  }

  /** @internal Calls a method whose arguments and result are encoded by its codec. @throws as {@link callTyped} */
  callSync(method: CallableMethod, args: readonly unknown[], options?: SyncOptions): unknown {
    const host = this.#hostCallback();
    return host === undefined
      ? this.#callPlain(method, args, options)
      : this.#callWith(host, () => this.#callPlain(method, args, options));
  }

  #callPlain({ index, codec }: CallableMethod, args: readonly unknown[], options: SyncOptions | undefined): unknown {
    try {
      const callee = this.#callee(index, codec.wireRaw);
      if (options?.timeoutMs === undefined) return this.#caller.callSync(callee, codec, args);
      return this.#callWithin(options.timeoutMs, callee, codec, args);
    } catch (error) {
      throw atCall(error, this.name, this.descriptor.methods[index]?.name);
    }
  }

  /**
   * @internal Calls a method that returns a stream, when the first item is asked for.
   * @param afterStep is called when code of the plugin has run.
   * @throws as {@link callTyped}
   */
  streamSync(
    method: CallableMethod,
    args: readonly unknown[],
    options: SyncStreamOptions = {},
    afterStep?: () => void,
  ): SyncStream {
    const { index, codec } = method;
    const { timeoutMs = Number.POSITIVE_INFINITY, window } = options;
    const title = `${this.descriptor.methods[index]?.name}() of ${this.name}`;
    let due: number | undefined;
    const declared = this.descriptor.methods[index];
    if (!this.#open || declared === undefined || this.#loaded.methods[index] === 'absent') {
      throw this.#callError(index, codec.wireRaw);
    }
    checkStreams(this.name, declared, { input: false, stream: true });
    return new SyncStream({
      interpreter: this.#interpreter,
      plugin: this.name,
      method: declared.name,
      number: this.#loaded.plugin,
      index,
      items: codec.items as ItemCodec,
      window,
      afterStep,
      payload: encodeArguments(method, args),
      step: (run) => {
        if (!this.#open) throw pluginClosed(this.name);
        if (this.#idle) this.#endIdle();
        const host = this.#hostCallback();
        const step = host === undefined ? run : () => this.#callWith(host, run);
        if (timeoutMs === Number.POSITIVE_INFINITY) return step();
        // The limit is that of the whole stream. A timer of 0 would never expire.
        due ??= now() + timeoutMs;
        const remainingMs = Math.max(due - now(), 0.001);
        return SyncDeadline.of(this.#interpreter).run(title, remainingMs, step, timeoutMs);
      },
    });
  }

  /** Unloads the plugin; afterwards its methods throw `FIDIUS_PLUGIN_CLOSED`. May be called again, and inside a call. */
  close(): void {
    if (!this.#open) return;
    const { trampoline, gil } = this.#interpreter;
    // Under the GIL references are released at once, before the modules that they keep alive are collected.
    if (trampoline === undefined) gil.hold(() => this.forget());
    else this.forget();
    unloadPackage(this.#interpreter, this.#loaded);
  }

  /** @internal The same for a plugin that another component has loaded and unloads. Does not take the GIL. */
  forget(): void {
    this.#open = false;
    for (const callee of this.#callees) {
      if (callee === undefined) continue;
      callee.closed = true;
      if (callee.callable !== 0) this.#interpreter.gil.release(callee.callable as Owned);
    }
    this.#callees = [];
    this.#context?.close();
  }

  /** Unloads the plugin at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** What passes calls of host functions on; `undefined` if the plugin cannot make any, as on worker threads. */
  #hostCallback(): HostCallback | undefined {
    if (this.#functions === undefined) return HostCallback.active(this.#interpreter);
    return this.#interpreter.trampoline === undefined ? HostCallback.of(this.#interpreter) : undefined;
  }

  #callWith<T>(host: HostCallback, call: () => T): T {
    const running = { name: this.name, functions: this.#functions, thrown: new Map<number, unknown>() };
    try {
      return host.run(running, call);
    } catch (error) {
      if (error instanceof Error) addHostCause(error, running.thrown);
      throw error;
    }
  }

  #callWithin(timeoutMs: number, callee: Callee, codec: MethodCodec, args: readonly unknown[]): unknown {
    checkTimeout('timeoutMs', timeoutMs);
    const call = () => this.#caller.callSync(callee, codec, args);
    if (timeoutMs === Number.POSITIVE_INFINITY) return call();
    return SyncDeadline.of(this.#interpreter).run(`${callee.method}() of ${callee.plugin}`, timeoutMs, call);
  }

  #callee(index: number, wireRaw: boolean): Callee {
    const callee = this.#callees[index];
    // The rare cases in one place, off the path that every call takes.
    if (typeof index !== 'number' || callee === undefined || callee.wireRaw !== wireRaw) {
      throw this.#callError(index, wireRaw);
    }
    if (this.#idle) this.#endIdle();
    return callee;
  }

  #endIdle(): void {
    this.#idle = false;
    this.#onBusy?.(() => {
      this.#idle = true;
    });
  }

  #callError(index: number, raw: boolean): FidiusError {
    if (!this.#open) return pluginClosed(this.name);
    const { methods } = this.descriptor;
    const method = Number.isInteger(index) ? methods[index] : undefined;
    if (method !== undefined && isStreaming(method) && this.#loaded.methods[index] !== 'absent') {
      return streamsDiffer(this.name, method, { input: false, stream: false });
    }
    if (Number.isInteger(index) && this.#loaded.methods[index] === 'coroutine' && methods[index]?.wireRaw === raw) {
      return needsEventLoop(this.name, methods[index].name);
    }
    return notCallableError(this.name, this.descriptor, index, raw);
  }
}

function callerOf(interpreter: Interpreter): Caller {
  let caller = callers.get(interpreter);
  if (caller === undefined) {
    caller = new Caller(interpreter);
    callers.set(interpreter, caller);
  }
  return caller;
}

/** The callables of a loaded package, each with a reference of our own. Under the lock. */
function takeCallables(
  interpreter: Interpreter,
  loaded: LoadedPackage,
  name: string,
  descriptor: InterfaceDescriptor,
  context: CallContext,
): readonly (Callee | undefined)[] {
  const { api } = interpreter;
  const list = interpreter.callHelper('callables', loaded.plugin);
  try {
    return calleesOf(loaded, name, descriptor, context, (index) => {
      const callable = api.PyList_GetItem(list, index) as Ptr;
      api.Py_IncRef(callable);
      return callable;
    });
  } finally {
    api.Py_DecRef(list);
  }
}

function calleesOf(
  { plugin: number, methods }: LoadedPackage,
  plugin: string,
  descriptor: InterfaceDescriptor,
  context: CallContext | undefined,
  callableAt: (index: number) => Callee['callable'],
): readonly (Callee | undefined)[] {
  return descriptor.methods.map((declared, index) => {
    const { name: method, wireRaw } = declared;
    // A coroutine would be created here, and never awaited. A stream has a function of its own.
    if (methods[index] === 'absent' || methods[index] === 'coroutine' || isStreaming(declared)) return undefined;
    return { callable: callableAt(index), context, closed: false, number, index, wireRaw, plugin, method };
  });
}

/**
 * Loads a package into the interpreter: search path, import, interface hash, methods (`runtime/fidius_host/plugins/loading.py`).
 *
 * All or nothing: on failure `sys.path` and `sys.modules` are as before. Takes the lock, and holds it for as long as the
 * package's module-level code runs.
 *
 * @throws {@link LoadError} one code for each way in which loading can fail.
 */
export function loadPackage(interpreter: Interpreter, source: PackageSource): LoadedPackage {
  const { plugin, hostFunctions } = source;
  const load = () => interpreter.invoke('loading.load', toLoadRecord(source));
  const running = { name: plugin, functions: hostFunctions, thrown: new Map<number, unknown>() };
  const isDirect = hostFunctions === undefined || interpreter.trampoline !== undefined;
  return readLoadOutcome(isDirect ? load() : HostCallback.of(interpreter).run(running, load), source);
}

/** Unloads a package; with the last load of it, its modules are removed. */
export function unloadPackage(interpreter: Interpreter, loaded: LoadedPackage): void {
  interpreter.invoke('loading.unload', loaded.plugin);
}
