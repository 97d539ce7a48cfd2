import { IntegralFloat } from '../../codec/intermediate-values.ts';
import type { ScalarKind } from '../../codec/method-codec.ts';
import { PinnedMemory } from '../../ffi/pinned-memory.ts';
import type { VectorcallArguments } from '../call/vectorcall-arguments.ts';
import type { Interpreter } from '../interpreter.ts';
import { IntFloatLayout } from './int-float-layout.ts';
import type { Borrowed, Null, Owned, Ptr } from './pointers.ts';

/** Integers from `-smallest` to `largest` are made once and kept: most arguments are among them. */
const [smallest, largest] = [-5, 256];

/** Of no, one and two digits of 30 bits, and of both signs. */
const sampleInts = [0, 1, -1, 2 ** 29, -(2 ** 30 - 1), 2 ** 30, -(2 ** 31 + 5), 2 ** 45 + 3, -(2 ** 53 - 1)];
const sampleFloats = [0.5, -0, 1e300, Number.NEGATIVE_INFINITY, Number.MIN_VALUE];

const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;
const maxUint64 = 2n ** 64n - 1n;

/** What {@link Scalars.toJs} returns for an object that is not a scalar. */
export const notScalar: unique symbol = Symbol('not a scalar');

/**
 * The values that cross without the codec: `None`, `bool`, `int`, `float`, `str` and `bytes`, of exactly those types.
 *
 * Everything here is called under the lock. Subclasses (`IntEnum`, `numpy.float64`, a `str` of the plugin's own) are not
 * scalars here: the codec gives their plain value.
 */
export class Scalars {
  readonly #interpreter: Interpreter;
  readonly #none: Borrowed;
  readonly #true: Borrowed;
  readonly #false: Borrowed;
  readonly #small: readonly Borrowed[];
  readonly #intType: number;
  readonly #floatType: number;
  readonly #strType: number;
  readonly #bytesType: number;
  readonly #layout: IntFloatLayout;
  readonly #overflow = new PinnedMemory(4);
  readonly #text = Buffer.allocUnsafeSlow(12_288);

  /** Keeps its constants for the life of the interpreter. Under the lock. */
  constructor(interpreter: Interpreter) {
    const { api } = interpreter;
    const builtins = interpreter.owned(api.PyImport_ImportModule('builtins'));
    const builtin = (name: string) => kept(interpreter.owned(api.PyObject_GetAttrString(builtins, name)));
    this.#interpreter = interpreter;
    this.#layout = new IntFloatLayout(interpreter.memory);
    this.#none = builtin('None');
    this.#true = builtin('True');
    this.#false = builtin('False');
    this.#intType = builtin('int');
    this.#floatType = builtin('float');
    this.#strType = builtin('str');
    this.#bytesType = builtin('bytes');
    this.#small = Array.from({ length: largest - smallest + 1 }, (_, index) =>
      kept(interpreter.owned(api.PyLong_FromLongLong(smallest + index))),
    );
    api.Py_DecRef(builtins);
    this.#probeLayouts();
  }

  /**
   * Adds an argument whose kind is known; the value was checked against it.
   *
   * @returns false for an integer too large for a C type, which the codec takes, and for text with a lone surrogate, which
   *   the codec refuses.
   */
  push(frame: VectorcallArguments, kind: ScalarKind, value: unknown): boolean {
    switch (kind) {
      case 'int':
        return typeof value === 'number' ? this.#pushInt(frame, value) : this.#pushBigint(frame, value as bigint);
      case 'float':
        frame.pushOwned(this.#interpreter.owned(this.#interpreter.api.PyFloat_FromDouble(value as number)));
        return true;
      case 'str':
        return this.#pushText(frame, value as string);
      case 'bytes':
        return this.#pushBytes(frame, value as Uint8Array);
      case 'bool':
        frame.pushBorrowed(value === true ? this.#true : this.#false);
        return true;
      case 'none':
        frame.pushBorrowed(this.#none);
        return true;
    }
  }

  /**
   * The value of a result, or {@link notScalar}; the reference stays the caller's. A float without a fraction is a
   * {@link IntegralFloat}.
   */
  toJs(pointer: Ptr): unknown {
    if (pointer === this.#none) return null;
    if (pointer === this.#true) return true;
    if (pointer === this.#false) return false;
    const { api, memory } = this.#interpreter;
    switch (this.#layout.read(pointer)) {
      case this.#intType:
        return this.#layout.int() ?? this.#askInt(pointer);
      case this.#floatType: {
        const value = this.#layout.float() ?? api.PyFloat_AsDouble(pointer);
        return Number.isInteger(value) ? new IntegralFloat(value) : value;
      }
      case this.#strType:
        return memory.copyText(pointer) ?? this.#surrogate();
      case this.#bytesType:
        return memory.copyBytes(pointer);
      default:
        return notScalar;
    }
  }

  /** The same for the result of a raw method, where `bytes` alone are taken as they are. */
  bytesToJs(pointer: Ptr): Uint8Array | typeof notScalar {
    return this.isBytes(pointer) ? this.#interpreter.memory.copyBytes(pointer) : notScalar;
  }

  isBytes(pointer: Ptr): boolean {
    return this.#layout.read(pointer) === this.#bytesType;
  }

  /** The value of any `int` that fits 64 bits; larger ones go to the codec. */
  #askInt(pointer: Ptr): unknown {
    const value = this.#interpreter.api.PyLong_AsLongLongAndOverflow(pointer, this.#overflow.address);
    if (this.#overflow.words[0] !== 0) return notScalar;
    // koffi still calls 2^53 a number, though its neighbour would have the same one.
    return Number.isSafeInteger(value) ? value : BigInt(value);
  }

  #probeLayouts(): void {
    const { api } = this.#interpreter;
    const make = (values: readonly number[], create: (value: number) => Owned | Null) =>
      values.map((value) => [this.#interpreter.owned(create(value)), value] as const);
    const ints = make(sampleInts, api.PyLong_FromLongLong);
    const floats = make(sampleFloats, api.PyFloat_FromDouble);
    this.#layout.probeLayouts(ints, floats);
    for (const [pointer] of [...ints, ...floats]) api.Py_DecRef(pointer);
  }

  #pushInt(frame: VectorcallArguments, value: number): boolean {
    if (value >= smallest && value <= largest) frame.pushBorrowed(this.#small[value - smallest] as Borrowed);
    else frame.pushOwned(this.#interpreter.owned(this.#interpreter.api.PyLong_FromLongLong(value)));
    return true;
  }

  #pushBigint(frame: VectorcallArguments, value: bigint): boolean {
    if (value < minInt64 || value > maxUint64) return false;
    const { api } = this.#interpreter;
    frame.pushOwned(
      this.#interpreter.owned(
        value > maxInt64 ? api.PyLong_FromUnsignedLongLong(value) : api.PyLong_FromLongLong(value),
      ),
    );
    return true;
  }

  #pushText(frame: VectorcallArguments, value: string): boolean {
    if (!value.isWellFormed()) return false;
    // A UTF-16 unit takes three bytes at most.
    const needed = value.length * 3;
    const text = needed <= this.#text.length ? this.#text : Buffer.allocUnsafeSlow(needed);
    const size = text.write(value);
    frame.pushOwned(this.#interpreter.owned(this.#interpreter.api.PyUnicode_FromStringAndSize(text, size)));
    return true;
  }

  #pushBytes(frame: VectorcallArguments, value: Uint8Array): boolean {
    frame.pushOwned(this.#interpreter.owned(this.#interpreter.api.PyBytes_FromStringAndSize(value, value.length)));
    return true;
  }

  /** A `str` that is not valid Unicode goes to the codec, which says so with its place. */
  #surrogate(): typeof notScalar {
    this.#interpreter.api.PyErr_Clear();
    return notScalar;
  }
}

/** Marks a reference that is never released. */
function kept(pointer: Owned): Borrowed {
  return pointer as Ptr as Borrowed;
}
