import type { PickleWriter } from './pickle-writer.ts';

/** Kinds of value that skip the codec: they go straight through the C API. */
export type ScalarKind = 'none' | 'bool' | 'int' | 'float' | 'str' | 'bytes';

/** How the arguments and the result of one method cross. Made from an interface; used by whoever carries the call. */
export interface MethodCodec {
  /** One kind per argument when all of them are scalars, else `undefined`. */
  readonly argumentKinds: readonly ScalarKind[] | undefined;

  /**
   * Checks count, types and ranges, and returns the arguments in the form their kinds want: for `int` a safe integer or
   * a bigint, for `float` a number, for `bytes` a `Uint8Array`. May return `args` itself.
   *
   * @throws FidiusError `FIDIUS_VALUE_ARGUMENT`, naming the method and the argument.
   */
  checkArguments(args: readonly unknown[]): readonly unknown[];

  /**
   * Checks the arguments and writes them as one tuple; `begin()` and `finish()` are the caller's.
   *
   * @throws FidiusError `FIDIUS_VALUE_ARGUMENT` or `FIDIUS_VALUE_CYCLE`, with a path; what was written is then useless.
   */
  writeArguments(writer: PickleWriter, args: readonly unknown[]): void;

  /**
   * Converts what Python returned into the declared type.
   *
   * `value` comes from `decodeValue(bytes, { wholeFloats: 'tagged' })` or from the scalar path, where a float without
   * a fraction is a `WholeFloat` as well.
   *
   * @throws FidiusError `FIDIUS_VALUE_RESULT`, with a path.
   */
  readResult(value: unknown): unknown;
}
