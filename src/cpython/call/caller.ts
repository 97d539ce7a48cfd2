import type { MethodCodec, ScalarKind } from '../../codec/method-codec.ts';
import { acquireWriter, releaseWriter } from '../../codec/pickle/encode-value.ts';
import { KEPT_SIZE, type PickleWriter } from '../../codec/pickle/pickle-writer.ts';
import { ffi } from '../../ffi/native.ts';
import { toCallError } from '../../protocol/error-description.ts';
import type { Null, Owned, Ptr } from '../api/pointers.ts';
import { notScalar, Scalars } from '../api/scalars.ts';
import type { Interpreter } from '../interpreter.ts';
import { type CallContext, ContextVariables } from './call-context.ts';
import { EncodedResult } from './encoded-result.ts';
import { type Callee, checkStillOpen, type MethodCaller } from './method-caller.ts';
import { VectorcallArguments } from './vectorcall-arguments.ts';

/** Marks a result that is not a scalar and was encoded. */
const encoded: unique symbol = Symbol('encoded');

/**
 * Calls Python on the calling thread and brings back what it returned or raised.
 *
 * One per interpreter and JavaScript thread. Every method takes the lock, runs to the end, and releases all references
 * it took, also when it throws. Calls may nest. Scalars go through the C API one by one; as soon as one argument is
 * something else, all of them travel as one encoded tuple, and so does the result.
 */
export class Caller implements MethodCaller {
  /** Reads the variables of contexts. */
  readonly contextVariables: ContextVariables;
  readonly #interpreter: Interpreter;
  readonly #scalars: Scalars;
  readonly #memoryview: ArgumentMemoryview;
  /** The frame of a call that is not inside another; nested calls make their own. */
  #idleArguments: VectorcallArguments | undefined = new VectorcallArguments();
  /** An encoded result between the end of a call under the lock and its decoding after it. */
  readonly #result: EncodedResult;

  /** Under the lock. */
  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
    this.#scalars = new Scalars(interpreter);
    this.#result = new EncodedResult(interpreter, this.#scalars);
    this.#memoryview = new ArgumentMemoryview(interpreter);
    this.contextVariables = new ContextVariables(interpreter);
  }

  callSync(callee: Callee, codec: MethodCodec, args: readonly unknown[]): unknown {
    const kinds = codec.scalarKinds(args);
    let value: unknown = notScalar;
    if (kinds !== undefined) value = this.#callWithScalars(callee, kinds, codec.checkArguments(args));
    if (value === notScalar) this.#callWithCodec(callee, codec, args);
    else if (value !== encoded) return codec.readResult(value);
    const { bytes, buffers } = this.#result;
    this.#result.clear();
    return codec.decodeResult(bytes, false, buffers);
  }

  /**
   * Passes every argument through the C API.
   *
   * @returns the result, {@link encoded} when it waits in `#result`, or `notScalar` when an argument needs the codec:
   *   then nothing was called.
   */
  #callWithScalars(callee: Callee, kinds: readonly ScalarKind[], args: readonly unknown[]): unknown {
    const { gil, api } = this.#interpreter;
    const frame = this.#takeArguments();
    gil.enter();
    try {
      checkStillOpen(callee);
      for (let index = 0; index < args.length; index += 1) {
        if (!this.#scalars.push(frame, kinds[index] as ScalarKind, args[index])) return notScalar;
      }
      const context = callee.context as CallContext;
      const entered = context.begin();
      try {
        const result = this.#checked(callee, frame.call(api, callee.callable as Ptr));
        const value = callee.wireRaw ? this.#scalars.bytesToJs(result) : this.#scalars.toJs(result);
        if (value === notScalar) {
          this.#result.take(this.#convert(callee, result));
          return encoded;
        }
        api.Py_DecRef(result);
        return value;
      } finally {
        context.end(entered);
      }
    } finally {
      this.#returnArguments(frame);
      gil.leave();
    }
  }

  /**
   * Passes all arguments as one encoded tuple, through a helper that decodes them, calls, and encodes the result.
   *
   * Values are written and read outside of the lock: Python's threads run on meanwhile.
   *
   * The encoded result is in `#result`, to be decoded before anything else is called.
   */
  #callWithCodec(callee: Callee, codec: MethodCodec, args: readonly unknown[]): void {
    const interpreter = this.#interpreter;
    const writer = acquireWriter();
    try {
      writer.begin();
      codec.writeArguments(writer, args);
      const size = writer.end();
      checkStillOpen(callee);
      interpreter.gil.enter();
      try {
        const view = this.#memoryview.of(writer);
        if (view === undefined) this.#callWithCopy(callee, writer.memory, size);
        else this.#callEncoded(callee, view);
      } finally {
        interpreter.gil.leave();
      }
    } finally {
      releaseWriter(writer);
    }
  }

  /** For arguments so large that their memory is not kept. */
  #callWithCopy(callee: Callee, memory: Uint8Array, size: number): void {
    const interpreter = this.#interpreter;
    const copy = interpreter.owned(interpreter.api.PyBytes_FromStringAndSize(memory, size));
    try {
      this.#callEncoded(callee, copy);
    } finally {
      interpreter.api.Py_DecRef(copy);
    }
  }

  #callEncoded(callee: Callee, data: Ptr): void {
    const interpreter = this.#interpreter;
    const context = callee.context as CallContext;
    const entered = context.begin();
    try {
      const result = interpreter.call(interpreter.helper('call'), callee.callable as Ptr, data);
      this.#result.take(this.#checked(callee, result));
    } finally {
      context.end(entered);
    }
  }

  /** Passes a result through a helper that may reject it and runs code of the plugin; releases the reference. */
  #convert(callee: Callee, result: Owned): Owned {
    const interpreter = this.#interpreter;
    const helper = interpreter.helper(callee.wireRaw ? 'raw_bytes' : 'encode');
    try {
      return this.#checked(callee, interpreter.call(helper, result));
    } finally {
      interpreter.api.Py_DecRef(result);
    }
  }

  #checked({ plugin, method }: Callee, result: Owned | Null): Owned {
    if (result !== 0) return result;
    throw toCallError(this.#interpreter.takeError(), plugin, method);
  }

  #takeArguments(): VectorcallArguments {
    const frame = this.#idleArguments ?? new VectorcallArguments();
    this.#idleArguments = undefined;
    return frame;
  }

  /** Under the lock. */
  #returnArguments(frame: VectorcallArguments): void {
    frame.clear(this.#interpreter.api);
    this.#idleArguments = frame;
  }
}

/** `PyBUF_READ` */
const readOnly = 0x100;

/**
 * Python's view of the memory that arguments are written into, which is the same for nearly all calls: that saves making a
 * `bytes` object of each.
 *
 * Under the GIL. It is read before anything else can be written: in one call that is not nested in another.
 */
class ArgumentMemoryview {
  readonly #interpreter: Interpreter;
  #memory: Uint8Array | undefined;
  #view: Owned | undefined;

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
  }

  /** A `memoryview` that begins with what was written, or nothing when it is too large to be kept. Borrowed. */
  of(writer: PickleWriter): Ptr | undefined {
    const { memory } = writer;
    if (memory === this.#memory) return this.#view;
    if (memory.length > KEPT_SIZE) return undefined;
    const { api } = this.#interpreter;
    const view = this.#interpreter.owned(api.PyMemoryView_FromMemory(ffi.addressOf(memory), memory.length, readOnly));
    if (this.#view !== undefined) api.Py_DecRef(this.#view);
    this.#memory = memory;
    this.#view = view;
    return view;
  }
}
