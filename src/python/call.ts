import { type DecodeOptions, decodeValue } from '../wire/decode.ts';
import type { MethodCodec } from '../wire/method-codec.ts';
import { PickleWriter } from '../wire/pickle-writer.ts';
import { writeUntypedArguments } from '../wire/untyped-arguments.ts';
import { ArgumentFrame } from './argument-frame.ts';
import { toCallError } from './call-error.ts';
import type { Interpreter } from './interpreter.ts';
import type { Null, Owned, Ptr } from './pointers.ts';
import { notScalar, Scalars } from './scalars.ts';

/** What is being called: the callable, and how errors name it. */
export interface Callee {
  readonly callable: Ptr;
  readonly plugin: string;
  readonly method: string;
}

const untagged: DecodeOptions = {};
const tagged: DecodeOptions = { wholeFloats: 'tagged' };

/**
 * Calls Python on the calling thread and brings back what it returned or raised.
 *
 * One per interpreter and JavaScript thread. Every method takes the lock, runs to the end, and releases all references
 * it took, also when it throws. Calls may nest. Scalars go through the C API one by one; as soon as one argument is
 * something else, all of them travel as one encoded tuple, and so does the result.
 */
export class Caller {
  readonly #interpreter: Interpreter;
  readonly #scalars: Scalars;
  readonly #writer = new PickleWriter();
  /** The frame of a call that is not inside another; nested calls make their own. */
  #idleFrame: ArgumentFrame | undefined = new ArgumentFrame();

  /** Under the lock. */
  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
    this.#scalars = new Scalars(interpreter);
  }

  /** Calls with values of no declared type. */
  untyped(callee: Callee, args: readonly unknown[]): unknown {
    const { gil, api } = this.#interpreter;
    const frame = this.#takeFrame();
    gil.enter();
    try {
      for (let index = 0; index < args.length; index += 1) {
        if (this.#scalars.push(frame, args[index])) continue;
        this.#writer.begin();
        writeUntypedArguments(this.#writer, args);
        return this.#callEncoded(callee, untagged);
      }
      return this.#toJs(callee, this.#checked(callee, frame.call(api, callee.callable)), untagged);
    } finally {
      this.#giveFrame(frame);
      gil.leave();
    }
  }

  /** Calls with values that an interface declares. */
  typed(callee: Callee, codec: MethodCodec, args: readonly unknown[]): unknown {
    const { gil } = this.#interpreter;
    const frame = this.#takeFrame();
    gil.enter();
    let value: unknown;
    try {
      value = this.#callTyped(callee, codec, args, frame);
    } finally {
      this.#giveFrame(frame);
      gil.leave();
    }
    return codec.readResult(value);
  }

  /** Calls with bytes, for bytes. */
  raw(callee: Callee, input: Uint8Array): Uint8Array {
    const { gil, api } = this.#interpreter;
    const frame = this.#takeFrame();
    gil.enter();
    try {
      this.#scalars.pushKind(frame, 'bytes', input);
      const result = this.#checked(callee, frame.call(api, callee.callable));
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

  #callTyped(callee: Callee, codec: MethodCodec, args: readonly unknown[], frame: ArgumentFrame): unknown {
    const kinds = codec.argumentKinds;
    if (kinds !== undefined && this.#pushAll(frame, kinds, codec.checkArguments(args))) {
      return this.#toJs(callee, this.#checked(callee, frame.call(this.#interpreter.api, callee.callable)), tagged);
    }
    this.#writer.begin();
    codec.writeArguments(this.#writer, args);
    return this.#callEncoded(callee, tagged);
  }

  #pushAll(
    frame: ArgumentFrame,
    kinds: NonNullable<MethodCodec['argumentKinds']>,
    values: readonly unknown[],
  ): boolean {
    for (let index = 0; index < kinds.length; index += 1) {
      if (!this.#scalars.pushKind(frame, kinds[index] as (typeof kinds)[number], values[index])) return false;
    }
    return true;
  }

  /** Calls with the arguments that the writer holds, through a helper that decodes them and encodes the result. */
  #callEncoded(callee: Callee, options: DecodeOptions): unknown {
    const interpreter = this.#interpreter;
    const bytes = this.#writer.finish();
    const data = interpreter.owned(interpreter.api.PyBytes_FromStringAndSize(bytes, bytes.length));
    try {
      const result = this.#checked(callee, interpreter.call(interpreter.helper('call'), callee.callable, data));
      return this.#decode(result, options);
    } finally {
      interpreter.api.Py_DecRef(data);
    }
  }

  /** The value of a result; gives up the reference. */
  #toJs(callee: Callee, result: Owned, options: DecodeOptions): unknown {
    const value = this.#scalars.toJs(result, options === tagged);
    if (value === notScalar) return this.#decode(this.#convert(callee, 'encode', result), options);
    this.#interpreter.api.Py_DecRef(result);
    return value;
  }

  /** The value of an encoded result; gives up the reference. */
  #decode(result: Owned, options: DecodeOptions): unknown {
    try {
      return decodeValue(this.#interpreter.memory.peekBytes(result), options);
    } finally {
      this.#interpreter.api.Py_DecRef(result);
    }
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

  #checked({ plugin, method }: Callee, result: Owned | Null): Owned {
    const interpreter = this.#interpreter;
    interpreter.endForkedChild();
    if (result !== 0) return result;
    throw toCallError(interpreter.takeError(), plugin, method);
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
