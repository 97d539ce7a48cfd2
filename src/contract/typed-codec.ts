import { type ItemCodec, type MethodCodec, RawCodec, type ScalarKind } from '../codec/method-codec.ts';
import { type DecodeOptions, decodeValue } from '../codec/pickle/decode-value.ts';
import type { DetachedBuffer } from '../codec/pickle/unpickler.ts';
import { isValueProblem, type ValueProblem } from '../codec/value-problem.ts';
import type { PayloadWriter } from '../codec/value-writer.ts';
import { FidiusError } from '../errors/fidius-error.ts';
import type { Argument, ReturnType } from './method.ts';
import { isResultType, isStreamType } from './result-and-stream.ts';
import type { AnyType, Converter, Scalar } from './type.ts';
import { TypeMismatch } from './type-mismatch.ts';
import { unit } from './types/scalar.ts';

const wrapped: DecodeOptions = { integralFloats: 'wrapped' };

/**
 * Arguments and result as an interface declares them.
 *
 * A stream among the arguments is not counted and not written. Of a stream that is returned, the codec reads one item.
 *
 * A class, like the other codecs: V8 inlines methods of a few classes into the code that calls them, but not closures.
 */
export class TypedCodec implements MethodCodec {
  readonly wireRaw = false;
  readonly #method: string;
  readonly #names: readonly string[];
  readonly #converters: readonly Converter[];
  readonly #scalars: readonly Scalar[];
  readonly #kinds: readonly ScalarKind[] | undefined;
  readonly #read: Converter['read'];
  readonly items: ItemCodec | undefined;

  constructor(method: string, list: readonly Argument[], returns: ReturnType) {
    const converters: Converter[] = [];
    const names: string[] = [];
    for (const { name, type } of list) {
      if (isStreamType(type)) continue;
      names.push(name);
      converters.push(type.converter);
    }
    const scalars = converters.flatMap(({ scalar }) => (scalar === undefined ? [] : [scalar]));
    this.#method = method;
    this.#names = names;
    this.#converters = converters;
    this.#scalars = scalars;
    this.#kinds = scalars.length === converters.length ? scalars.map(({ kind }) => kind) : undefined;
    this.#read = itemType(returns).converter.read;
    const stream = list.find(({ type }) => isStreamType(type));
    if (stream !== undefined || isStreamType(returns)) this.items = new TypedItems(method, stream, this.#read);
  }

  scalarKinds(): readonly ScalarKind[] | undefined {
    return this.#kinds;
  }

  checkArguments(args: readonly unknown[]): readonly unknown[] {
    this.#checkCount(args);
    if (this.#kinds === undefined) return args;
    const scalars = this.#scalars;
    let at = 0;
    try {
      let checked: unknown[] | undefined;
      for (; at < scalars.length; at += 1) {
        const given = args[at];
        const value = (scalars[at] as Scalar).check(given);
        if (checked !== undefined) checked[at] = value;
        else if (!Object.is(value, given)) {
          checked = [...args];
          checked[at] = value;
        }
      }
      return checked ?? args;
    } catch (error) {
      throw argumentError(error, this.#method, this.#names[at]);
    }
  }

  writeArguments(writer: PayloadWriter, args: readonly unknown[]): void {
    this.#checkCount(args);
    const converters = this.#converters;
    let at = 0;
    try {
      writer.beginTuple();
      for (; at < converters.length; at += 1) (converters[at] as Converter).write(writer, args[at]);
      writer.endTuple();
    } catch (error) {
      throw argumentError(error, this.#method, this.#names[at]);
    }
  }

  readResult(value: unknown): unknown {
    const read = this.#read;
    try {
      return read(value);
    } catch (error) {
      throw resultError(error, this.#method);
    }
  }

  decodeResult(payload: Uint8Array, _isOwn: boolean, buffers?: readonly DetachedBuffer[]): unknown {
    return this.readResult(decodeValue(payload, wrapped, buffers));
  }

  #checkCount(args: readonly unknown[]): void {
    if (args.length !== this.#names.length) throw wrongCount(this.#method, this.#names, args.length);
  }
}

/** The items of the streams of a method. */
class TypedItems implements ItemCodec {
  readonly #method: string;
  readonly #argument: string;
  readonly #input: Converter;
  readonly #read: Converter['read'];

  constructor(method: string, stream: Argument | undefined, read: Converter['read']) {
    this.#method = method;
    this.#argument = stream?.name ?? '';
    const type = stream !== undefined && isStreamType(stream.type) ? stream.type.item : unit;
    this.#input = type.converter;
    this.#read = read;
  }

  write(writer: PayloadWriter, item: unknown, position: number): void {
    try {
      this.#input.write(writer, item);
    } catch (error) {
      if (!isValueProblem(error)) throw error;
      throw toFidiusError(error, `${this.#method}(): item ${position} of argument "${this.#argument}"${error.path}`);
    }
  }

  read(item: unknown, position: number): unknown {
    try {
      return this.#read(item);
    } catch (error) {
      if (!isValueProblem(error)) throw error;
      throw toFidiusError(error, `${this.#method}(): item ${position}${error.path}`);
    }
  }
}

/** The codec of a raw method: its one argument is checked like that of any other method, and passed as it is. */
export class CheckedRawCodec extends RawCodec {
  readonly #typed: TypedCodec;

  constructor(method: string, list: readonly Argument[]) {
    super();
    this.#typed = new TypedCodec(method, list, undefined);
  }

  override checkArguments(args: readonly unknown[]): readonly unknown[] {
    return this.#typed.checkArguments(args);
  }

  override writeArguments(writer: PayloadWriter, args: readonly unknown[]): void {
    super.writeArguments(writer, this.checkArguments(args));
  }
}

/** The type of a result, or of one item of a stream. */
function itemType(returns: ReturnType): AnyType {
  if (returns === undefined) return unit;
  if (isStreamType(returns)) return returns.item;
  return isResultType(returns) ? returns.inner : returns;
}

/** The error for a call with too many or too few arguments. */
export function wrongCount(method: string, names: readonly string[], got: number): FidiusError {
  const count = names.length === 1 ? '1 argument' : `${names.length || 'no'} arguments`;
  const list = names.length === 0 ? '' : ` (${names.join(', ')})`;
  return new FidiusError('FIDIUS_VALUE_ARGUMENT', `${method}() takes ${count}${list}, got ${got}`);
}

function argumentError(error: unknown, method: string, name: string | undefined): unknown {
  if (!isValueProblem(error)) return error;
  return toFidiusError(error, `${method}(): argument "${name}${error.path}"`);
}

function resultError(error: unknown, method: string): unknown {
  if (!isValueProblem(error)) return error;
  return toFidiusError(error, `${method}(): result${error.path}`);
}

function toFidiusError(problem: ValueProblem, subject: string): FidiusError {
  const joint = problem instanceof TypeMismatch ? '' : ':';
  return new FidiusError(problem.code, `${subject}${joint} ${problem.message}`, { hint: problem.hint });
}
