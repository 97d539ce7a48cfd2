import { FidiusError } from '../errors/fidius-error.ts';
import { PluginError } from '../errors/plugin-error.ts';
import { type DecodeOptions, decodeValue } from '../wire/decode.ts';
import { writeValue } from '../wire/encode.ts';
import type { MethodCodec } from '../wire/method-codec.ts';
import { PickleWriter } from '../wire/pickle-writer.ts';
import { inside, ValueProblem } from '../wire/value-problem.ts';
import { ArgumentFrame } from './argument-frame.ts';
import { RuntimeFailure, vectorcall } from './exception.ts';
import type { Interpreter } from './interpreter.ts';
import type { Null, Owned, Ptr } from './pointers.ts';
import { notScalar, Scalars } from './scalars.ts';

/** What is being called: the callable, and how errors name it. */
export interface Callee {
  readonly callable: Ptr;
  readonly plugin: string;
  readonly method: string;
}

/**
 * Calls Python on the calling thread and brings back what it returned or raised.
 *
 * One per interpreter and JavaScript thread. Every method takes the lock, runs to the end, and releases all references
 * it took, also when it throws. Calls may nest.
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
        if (!this.#scalars.push(frame, args[index])) this.#pushEncoded(frame, callee, index, args[index]);
      }
      return this.#toJs(callee, this.#checked(callee, frame.call(api, callee.callable)), {});
    } finally {
      this.#giveFrame(frame);
      gil.leave();
    }
  }

  /** Calls with values that an interface declares. */
  typed(callee: Callee, codec: MethodCodec, args: readonly unknown[]): unknown {
    const { gil } = this.#interpreter;
    gil.enter();
    let value: unknown;
    try {
      const result = this.#checked(callee, this.#callTyped(callee, codec, args));
      value = this.#toJs(callee, result, { wholeFloats: 'tagged' });
    } finally {
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
      return this.#scalars.isBytes(result)
        ? this.#takeBytes(result)
        : this.#takeBytes(this.#convert(callee, 'raw_bytes', result));
    } finally {
      this.#giveFrame(frame);
      gil.leave();
    }
  }

  #callTyped(callee: Callee, codec: MethodCodec, args: readonly unknown[]): Owned | Null {
    const { api } = this.#interpreter;
    const kinds = codec.argumentKinds;
    if (kinds === undefined) return this.#callEncoded(callee, codec, args);
    const frame = this.#takeFrame();
    try {
      const values = codec.checkArguments(args);
      for (let index = 0; index < kinds.length; index += 1) {
        const kind = kinds[index] as (typeof kinds)[number];
        if (!this.#scalars.pushKind(frame, kind, values[index])) this.#pushEncoded(frame, callee, index, values[index]);
      }
      return frame.call(api, callee.callable);
    } finally {
      this.#giveFrame(frame);
    }
  }

  /** All arguments as one pickled tuple. */
  #callEncoded(callee: Callee, codec: MethodCodec, args: readonly unknown[]): Owned | Null {
    const { api } = this.#interpreter;
    this.#writer.begin();
    codec.writeArguments(this.#writer, args);
    const tuple = this.#load(this.#writer.finish());
    try {
      return api.PyObject_CallObject(callee.callable, tuple);
    } finally {
      api.Py_DecRef(tuple);
    }
  }

  #pushEncoded(frame: ArgumentFrame, { method }: Callee, index: number, value: unknown): void {
    try {
      this.#writer.begin();
      writeValue(this.#writer, value);
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error;
      throw (inside(error, index) as ValueProblem).toFidiusError(
        'arguments',
        (place) => `Cannot pass ${place} to ${method}()`,
      );
    }
    frame.give(this.#load(this.#writer.finish()));
  }

  /** The object that encoded bytes stand for. */
  #load(bytes: Uint8Array): Owned {
    const interpreter = this.#interpreter;
    const data = interpreter.owned(interpreter.api.PyBytes_FromStringAndSize(bytes, bytes.length));
    try {
      return interpreter.owned(vectorcall(interpreter.api, interpreter.helper('decode'), [data]));
    } finally {
      interpreter.api.Py_DecRef(data);
    }
  }

  /** The value of a result; gives up the reference. */
  #toJs(callee: Callee, result: Owned, options: DecodeOptions): unknown {
    let kept: Owned | undefined = result;
    try {
      const value = this.#scalars.toJs(result, options.wholeFloats === 'tagged');
      if (value !== notScalar) return value;
      kept = undefined;
      return decodeValue(this.#takeBytes(this.#convert(callee, 'encode', result)), options);
    } finally {
      if (kept !== undefined) this.#interpreter.api.Py_DecRef(kept);
    }
  }

  /** Passes a result through a helper that may refuse it; gives up the reference. */
  #convert({ method }: Callee, helper: string, result: Owned): Owned {
    const interpreter = this.#interpreter;
    try {
      return interpreter.owned(vectorcall(interpreter.api, interpreter.helper(helper), [result]));
    } catch (error) {
      if (!(error instanceof RuntimeFailure)) throw error;
      throw new FidiusError('FIDIUS_VALUE_RESULT', `Cannot return the result of ${method}(): ${error.data.message}`, {
        hint: 'Return plain values: numbers, text, bytes, lists, dicts, dataclasses.',
      });
    } finally {
      interpreter.api.Py_DecRef(result);
    }
  }

  #checked({ plugin, method }: Callee, result: Owned | Null): Owned {
    this.#interpreter.endForkedChild();
    if (result === 0) throw new PluginError(this.#interpreter.takeError(), { plugin, method });
    return result;
  }

  /** A copy of a `bytes` object; gives up the reference. */
  #takeBytes(bytes: Owned): Uint8Array {
    try {
      return this.#interpreter.memory.copyBytes(bytes);
    } finally {
      this.#interpreter.api.Py_DecRef(bytes);
    }
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
