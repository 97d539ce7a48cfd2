import { type DecodeOptions, decodeValue } from '../wire/decode.ts';
import type { MethodCodec } from '../wire/method-codec.ts';
import type { PickleWriter } from '../wire/pickle-writer.ts';
import { giveBackWriter, takeWriter } from '../wire/spare-writer.ts';
import { scalarKind, writeUntypedArguments } from '../wire/untyped-arguments.ts';
import { ArgumentFrame } from './argument-frame.ts';
import { type CallContext, ContextVariables } from './call-context.ts';
import { toCallError } from './call-error.ts';
import { EncodedResult } from './encoded-result.ts';
import type { Interpreter } from './interpreter.ts';
import { type Callee, checkStillOpen, type MethodCaller } from './method-caller.ts';
import type { Null, Owned, Ptr } from './pointers.ts';
import { notScalar, Scalars } from './scalars.ts';
import { WriterView } from './writer-view.ts';

const tagged: DecodeOptions = { wholeFloats: 'tagged' };

/** Says that a result is no scalar and was encoded. */
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
  readonly #writerView: WriterView;
  /** The frame of a call that is not inside another; nested calls make their own. */
  #idleFrame: ArgumentFrame | undefined = new ArgumentFrame();
  /** An encoded result between the end of a call under the lock and its decoding after it. */
  readonly #result: EncodedResult;

  /** Under the lock. */
  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
    this.#scalars = new Scalars(interpreter);
    this.#result = new EncodedResult(interpreter, this.#scalars);
    this.#writerView = new WriterView(interpreter);
    this.contextVariables = new ContextVariables(interpreter);
  }

  untyped(callee: Callee, args: readonly unknown[]): unknown {
    const value = args.every(isScalar) ? this.#callWithScalars(callee, args, undefined) : notScalar;
    if (value === notScalar) this.#callWithCodec(callee, (writer) => writeUntypedArguments(writer, args));
    else if (value !== encoded) return value;
    return this.#decode();
  }

  typed(callee: Callee, codec: MethodCodec, args: readonly unknown[]): unknown {
    const kinds = codec.argumentKinds;
    let value: unknown = notScalar;
    if (kinds !== undefined) value = this.#callWithScalars(callee, codec.checkArguments(args), kinds);
    if (value === notScalar) this.#callWithCodec(callee, (writer) => codec.writeArguments(writer, args));
    else if (value !== encoded) return codec.readResult(value);
    return codec.readResult(this.#decode(tagged));
  }

  raw(callee: Callee, input: Uint8Array): Uint8Array {
    const { gil, api } = this.#interpreter;
    const frame = this.#takeFrame();
    gil.enter();
    try {
      this.#scalars.pushKind(frame, 'bytes', input);
      const context = callee.context as CallContext;
      const entered = context.begin();
      try {
        const result = this.#checked(callee, frame.call(api, callee.callable as Ptr));
        const bytes = this.#scalars.isBytes(result) ? result : this.#convert(callee, 'raw_bytes', result);
        try {
          return this.#interpreter.memory.copyBytes(bytes);
        } finally {
          api.Py_DecRef(bytes);
        }
      } finally {
        context.end(entered);
      }
    } finally {
      this.#giveFrame(frame);
      gil.leave();
    }
  }

  /**
   * Passes every argument through the C API.
   *
   * @returns the result, {@link encoded} when it waits in `#result`, or `notScalar` when an argument needs the codec:
   *   then nothing was called.
   */
  #callWithScalars(callee: Callee, args: readonly unknown[], kinds: MethodCodec['argumentKinds']): unknown {
    const { gil, api } = this.#interpreter;
    const frame = this.#takeFrame();
    gil.enter();
    try {
      checkStillOpen(callee);
      for (let index = 0; index < args.length; index += 1) {
        const value = args[index];
        const kind = kinds?.[index];
        const pushed =
          kind === undefined ? this.#scalars.push(frame, value) : this.#scalars.pushKind(frame, kind, value);
        if (!pushed) return notScalar;
      }
      const context = callee.context as CallContext;
      const entered = context.begin();
      try {
        const result = this.#checked(callee, frame.call(api, callee.callable as Ptr));
        const value = this.#scalars.toJs(result, kinds !== undefined);
        if (value === notScalar) {
          this.#result.take(this.#convert(callee, 'encode', result));
          return encoded;
        }
        api.Py_DecRef(result);
        return value;
      } finally {
        context.end(entered);
      }
    } finally {
      this.#giveFrame(frame);
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
  #callWithCodec(callee: Callee, write: (writer: PickleWriter) => void): void {
    const interpreter = this.#interpreter;
    const writer = takeWriter();
    try {
      writer.begin();
      write(writer);
      const size = writer.end();
      checkStillOpen(callee);
      interpreter.gil.enter();
      try {
        const view = this.#writerView.of(writer);
        if (view === undefined) this.#callWithCopy(callee, writer.memory, size);
        else this.#callEncoded(callee, view);
      } finally {
        interpreter.gil.leave();
      }
    } finally {
      giveBackWriter(writer);
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

  #decode(options?: DecodeOptions): unknown {
    const { bytes, buffers } = this.#result;
    this.#result.clear();
    return decodeValue(bytes, options, buffers);
  }

  /** Passes a result through a helper that may refuse it and runs code of the plugin; gives up the reference. */
  #convert(callee: Callee, helper: string, result: Owned): Owned {
    const interpreter = this.#interpreter;
    try {
      return this.#checked(callee, interpreter.call(interpreter.helper(helper), result));
    } finally {
      interpreter.api.Py_DecRef(result);
    }
  }

  #checked({ plugin, method }: Callee, result: Owned | Null): Owned {
    if (result !== 0) return result;
    throw toCallError(this.#interpreter.takeError(), plugin, method);
  }

  #takeFrame(): ArgumentFrame {
    const frame = this.#idleFrame ?? new ArgumentFrame();
    this.#idleFrame = undefined;
    return frame;
  }

  /** Under the lock. */
  #giveFrame(frame: ArgumentFrame): void {
    frame.clear(this.#interpreter.api);
    this.#idleFrame = frame;
  }
}

function isScalar(value: unknown): boolean {
  return scalarKind(value) !== undefined;
}
