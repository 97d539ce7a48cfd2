import type { DetachedBuffer } from './pickle/unpickler.ts';
import type { PayloadWriter } from './value-writer.ts';

/** Kinds of value that can be passed without encoding, one by one through the C API. */
export type ScalarKind = 'none' | 'bool' | 'int' | 'float' | 'str' | 'bytes';

/**
 * How the arguments and the result of one method are encoded. Three implementations: *typed*, made from an interface;
 * *untyped*, for values of no declared type; *raw*, for bytes.
 */
export interface MethodCodec {
  /** Whether payloads are bytes as they are, and not encoded values. The plugin must declare the method likewise. */
  readonly wireRaw: boolean;

  /** One kind per argument when all of them are scalars, else `undefined`. Does not check the arguments. */
  scalarKinds(args: readonly unknown[]): readonly ScalarKind[] | undefined;

  /**
   * Checks count, types and ranges, and returns the arguments in the form their kinds want: for `int` a safe integer or
   * a bigint, for `float` a number, for `bytes` a `Uint8Array`. May return `args` itself.
   *
   * @throws FidiusError `FIDIUS_VALUE_ARGUMENT`, naming the method and the argument.
   */
  checkArguments(args: readonly unknown[]): readonly unknown[];

  /**
   * Checks the arguments and writes them; `begin()` and `finish()` are the caller's.
   *
   * @throws FidiusError `FIDIUS_VALUE_ARGUMENT` or `FIDIUS_VALUE_CYCLE`, with a path; the payload is then unusable.
   */
  writeArguments(writer: PayloadWriter, args: readonly unknown[]): void;

  /**
   * Converts a result that was read without decoding. A float without a fraction is an `IntegralFloat`.
   *
   * @throws FidiusError `FIDIUS_VALUE_RESULT`, with a path.
   */
  readResult(value: unknown): unknown;

  /**
   * Converts the payload of an answer. The result does not refer to it, unless it `isOwn`: memory that nothing else
   * uses.
   *
   * @param buffers were taken out of the payload and become part of the result.
   * @throws FidiusError `FIDIUS_VALUE_RESULT` or `FIDIUS_VALUE_CYCLE`, with a path; `FIDIUS_WIRE_CORRUPT`.
   */
  decodeResult(payload: Uint8Array, isOwn: boolean, buffers?: readonly DetachedBuffer[]): unknown;

  /**
   * How the items of the streams of the method are encoded; `undefined` for a method without streams.
   */
  readonly items?: ItemCodec | undefined;
}

/** How the items of streams are encoded. */
export interface ItemCodec {
  /**
   * Checks an item of the argument stream and writes it.
   *
   * @param position its number in the stream, from 0, for errors.
   * @throws FidiusError `FIDIUS_VALUE_ARGUMENT` or `FIDIUS_VALUE_CYCLE`.
   */
  write(writer: PayloadWriter, item: unknown, position: number): void;

  /**
   * Converts an item of the result stream that was decoded with `IntegralFloat` for floats without a fraction.
   *
   * @throws FidiusError `FIDIUS_VALUE_RESULT`.
   */
  read(item: unknown, position: number): unknown;
}

/** A method as it is called: its index in the interface, and how its values are encoded. */
export interface CallableMethod {
  readonly index: number;
  readonly codec: MethodCodec;
}

const rawKinds: readonly ScalarKind[] = ['bytes'];

/** One `Uint8Array` in, one out, as they are. The caller has checked the argument. */
export class RawCodec implements MethodCodec {
  readonly wireRaw = true;

  scalarKinds(): readonly ScalarKind[] {
    return rawKinds;
  }

  checkArguments(args: readonly unknown[]): readonly unknown[] {
    return args;
  }

  writeArguments(writer: PayloadWriter, args: readonly unknown[]): void {
    writer.rawPayload(args[0] as Uint8Array);
  }

  readResult(value: unknown): unknown {
    return value;
  }

  decodeResult(payload: Uint8Array, isOwn: boolean): Uint8Array {
    return isOwn ? payload : new Uint8Array(payload);
  }
}

export const rawCodec: MethodCodec = new RawCodec();
