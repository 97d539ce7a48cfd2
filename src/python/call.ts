import { type DecodeOptions, decodeValue } from '../wire/decode.ts';
import type { MethodCodec } from '../wire/method-codec.ts';
import type { PickleWriter } from '../wire/pickle-writer.ts';
import { giveBackWriter, takeWriter } from '../wire/spare-writer.ts';
import { scalarKind, writeUntypedArguments } from '../wire/untyped-arguments.ts';
import { ArgumentFrame } from './argument-frame.ts';
import { toCallError } from './call-error.ts';
import type { Interpreter } from './interpreter.ts';
import type { Callee, MethodCaller } from './method-caller.ts';
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
  readonly #interpreter: Interpreter;
  readonly #scalars: Scalars;
  readonly #writerView: WriterView;
  /** The frame of a call that is not inside another; nested calls make their own. */
  #idleFrame: ArgumentFrame | undefined = new ArgumentFrame();
  /** An encoded result between the end of a call under the lock and its decoding after it. */
  #result: Uint8Array = new Uint8Array();

  /** Under the lock. */
  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
    this.#scalars = new Scalars(interpreter);
    this.#writerView = new WriterView(interpreter);
  }

  untyped(callee: Callee, args: readonly unknown[]): unknown {
    const value = args.every(isScalar) ? this.#callWithScalars(callee, args, undefined) : notScalar;
    if (value !== notScalar) return value === encoded ? decodeValue(this.#result) : value;
    return decodeValue(this.#callWithCodec(callee, (writer) => writeUntypedArguments(writer, args)));
  }

  typed(callee: Callee, codec: MethodCodec, args: readonly unknown[]): unknown {
    const kinds = codec.argumentKinds;
    let value: unknown = notScalar;
    if (kinds !== undefined) value = this.#callWithScalars(callee, codec.checkArguments(args), kinds);
    if (value === encoded) value = decodeValue(this.#result, tagged);
    if (value === notScalar) {
      value = decodeValue(
        this.#callWithCodec(callee, (writer) => codec.writeArguments(writer, args)),
        tagged,
      );
    }
    return codec.readResult(value);
  }

  raw(callee: Callee, input: Uint8Array): Uint8Array {
    const { gil, api } = this.#interpreter;
    const frame = this.#takeFrame();
    gil.enter();
    try {
      this.#scalars.pushKind(frame, 'bytes', input);
      const result = this.#checked(callee, frame.call(api, callee.callable as Ptr));
      const bytes = this.#scalars.isBytes(result) ? result : this.#convert(callee, 'raw_bytes', result);
      try {
        return this.#interpreter.memory.copyBytes(bytes);
      } finally {
        api.Py_DecRef(bytes);
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
      for (let index = 0; index < args.length; index += 1) {
        const value = args[index];
        const kind = kinds?.[index];
        const pushed =
          kind === undefined ? this.#scalars.push(frame, value) : this.#scalars.pushKind(frame, kind, value);
        if (!pushed) return notScalar;
      }
      const result = this.#checked(callee, frame.call(api, callee.callable as Ptr));
      const value = this.#scalars.toJs(result, kinds !== undefined);
      if (value === notScalar) {
        this.#result = this.#takeBytes(this.#convert(callee, 'encode', result));
        return encoded;
      }
      api.Py_DecRef(result);
      return value;
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
   * @returns the encoded result, to be decoded before anything else is called.
   */
  #callWithCodec(callee: Callee, write: (writer: PickleWriter) => void): Uint8Array {
    const interpreter = this.#interpreter;
    const writer = takeWriter();
    try {
      writer.begin();
      write(writer);
      const size = writer.end();
      interpreter.gil.enter();
      try {
        const view = this.#writerView.of(writer);
        return view === undefined ? this.#callWithCopy(callee, writer.memory, size) : this.#callEncoded(callee, view);
      } finally {
        interpreter.gil.leave();
      }
    } finally {
      giveBackWriter(writer);
    }
  }

  /** For arguments so large that their memory is not kept. */
  #callWithCopy(callee: Callee, memory: Uint8Array, size: number): Uint8Array {
    const interpreter = this.#interpreter;
    const copy = interpreter.owned(interpreter.api.PyBytes_FromStringAndSize(memory, size));
    try {
      return this.#callEncoded(callee, copy);
    } finally {
      interpreter.api.Py_DecRef(copy);
    }
  }

  #callEncoded(callee: Callee, data: Ptr): Uint8Array {
    const interpreter = this.#interpreter;
    const result = interpreter.call(interpreter.helper('call'), callee.callable as Ptr, data);
    return this.#takeBytes(this.#checked(callee, result));
  }

  /** Passes a result through a helper that may refuse it; gives up the reference. */
  #convert(callee: Callee, helper: string, result: Owned): Owned {
    const interpreter = this.#interpreter;
    try {
      return this.#checked(callee, interpreter.call(interpreter.helper(helper), result));
    } finally {
      interpreter.api.Py_DecRef(result);
    }
  }

  /** The content of a `bytes` object, until the next call; gives up the reference. */
  #takeBytes(bytes: Owned): Uint8Array {
    try {
      return this.#interpreter.memory.peekBytes(bytes);
    } finally {
      this.#interpreter.api.Py_DecRef(bytes);
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
